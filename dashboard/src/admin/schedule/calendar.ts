import type { PlannedEvent } from './eventApi';

// Days of a calendar as the reader's clock has them. Weeks begin on Monday (ISO 8601).

export type View = 'list' | 'week' | 'month';

/** Midnight of a day. */
export function dayOf(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** Some days later; the same time of day, whatever is done to clocks. */
export function addDays(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, date.getHours(), date.getMinutes());
}

export function mondayOf(date: Date): Date {
  return addDays(dayOf(date), -((date.getDay() + 6) % 7));
}

/** The weeks that a view shows around a day: one, or all that the month touches. */
export function weeksOf(view: 'week' | 'month', around: Date): Date[][] {
  const first = mondayOf(view === 'week' ? around : new Date(around.getFullYear(), around.getMonth(), 1));
  const after = view === 'week' ? addDays(first, 7) : new Date(around.getFullYear(), around.getMonth() + 1, 1);
  const weeks: Date[][] = [];
  for (let monday = first; monday < after; monday = addDays(monday, 7)) {
    weeks.push([0, 1, 2, 3, 4, 5, 6].map((day) => addDays(monday, day)));
  }
  return weeks;
}

/** The day that a view shows after or before another. */
export function turned(view: 'week' | 'month', around: Date, by: 1 | -1): Date {
  return view === 'week' ? addDays(around, 7 * by) : new Date(around.getFullYear(), around.getMonth() + by, 1);
}

/** A day's name within the page, `2030-01-31`. */
export function dayKey(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** How many days a day is after another. */
export function daysBetween(from: Date, to: Date): number {
  const utcDay = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((utcDay(to) - utcDay(from)) / 86_400_000);
}

/** Events by the day on which they start; those that began before a first day, on that one. */
export function byDay(events: readonly PlannedEvent[], first?: Date): Map<string, PlannedEvent[]> {
  const found = new Map<string, PlannedEvent[]>();
  for (const event of events) {
    const start = new Date(event.startsAt);
    const key = dayKey(first !== undefined && start < first ? first : start);
    const there = found.get(key);
    if (there === undefined) found.set(key, [event]);
    else there.push(event);
  }
  return found;
}

/** An event on one of its days. */
export interface DayPart {
  event: PlannedEvent;
  /** Whether it began on an earlier day, and goes on on the next. */
  goesOn: { before: boolean; after: boolean };
}

/** Events on each of their days among those that are shown, those that go on from before first. An event that ends at midnight is not on the day that begins then. */
export function onEachDay(events: readonly PlannedEvent[], shown: readonly Date[]): Map<string, DayPart[]> {
  const found = new Map<string, DayPart[]>(shown.map((day) => [dayKey(day), []]));
  for (const event of events) {
    const first = dayOf(new Date(event.startsAt));
    const last = dayOf(new Date(Math.max(new Date(event.endsAt).getTime() - 1, new Date(event.startsAt).getTime())));
    for (let day = first; day <= last; day = addDays(day, 1)) {
      found.get(dayKey(day))?.push({ event, goesOn: { before: day > first, after: day < last } });
    }
  }
  for (const parts of found.values()) parts.sort((a, b) => Number(b.goesOn.before) - Number(a.goesOn.before));
  return found;
}
