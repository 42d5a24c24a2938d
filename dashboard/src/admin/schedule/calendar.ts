import type { PlannedEvent } from './eventApi';

// Calendar days in the user's time zone. Weeks start on Monday (ISO 8601).

export type View = 'list' | 'week' | 'month';

/** Midnight of a day. */
export function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** Adds days and keeps the time of day across DST changes. */
export function addDays(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, date.getHours(), date.getMinutes());
}

export function startOfWeek(date: Date): Date {
  return addDays(startOfDay(date), -((date.getDay() + 6) % 7));
}

/** The weeks of a view around a day: one week, or all weeks of the month. */
export function weeksOf(view: 'week' | 'month', anchorDay: Date): Date[][] {
  const first = startOfWeek(view === 'week' ? anchorDay : new Date(anchorDay.getFullYear(), anchorDay.getMonth(), 1));
  const end = view === 'week' ? addDays(first, 7) : new Date(anchorDay.getFullYear(), anchorDay.getMonth() + 1, 1);
  const weeks: Date[][] = [];
  for (let monday = first; monday < end; monday = addDays(monday, 7)) {
    weeks.push([0, 1, 2, 3, 4, 5, 6].map((day) => addDays(monday, day)));
  }
  return weeks;
}

/** The anchor day of the next or previous period. */
export function stepView(view: 'week' | 'month', anchorDay: Date, step: 1 | -1): Date {
  return view === 'week' ? addDays(anchorDay, 7 * step) : new Date(anchorDay.getFullYear(), anchorDay.getMonth() + step, 1);
}

/** A day's key, `2030-01-31`. */
export function dayKey(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Number of days between two days. */
export function daysBetween(from: Date, to: Date): number {
  const utcDay = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((utcDay(to) - utcDay(from)) / 86_400_000);
}

/** Events by start day. Events that started before `first` are on that day. */
export function groupByDay(events: readonly PlannedEvent[], first?: Date): Map<string, PlannedEvent[]> {
  const days = new Map<string, PlannedEvent[]>();
  for (const event of events) {
    const start = new Date(event.startsAt);
    const key = dayKey(first !== undefined && start < first ? first : start);
    const existing = days.get(key);
    if (existing === undefined) days.set(key, [event]);
    else existing.push(event);
  }
  return days;
}

/** An event on one of its days. */
export interface DayPart {
  event: PlannedEvent;
  /** Whether it continues from the previous day, and on the next. */
  continues: { before: boolean; after: boolean };
}

/** Events on each visible day; those that continue come first. An event that ends at midnight is not on the next day. */
export function spreadOverDays(events: readonly PlannedEvent[], visibleDays: readonly Date[]): Map<string, DayPart[]> {
  const days = new Map<string, DayPart[]>(visibleDays.map((day) => [dayKey(day), []]));
  for (const event of events) {
    const first = startOfDay(new Date(event.startsAt));
    const last = startOfDay(new Date(Math.max(new Date(event.endsAt).getTime() - 1, new Date(event.startsAt).getTime())));
    for (let day = first; day <= last; day = addDays(day, 1)) {
      days.get(dayKey(day))?.push({ event, continues: { before: day > first, after: day < last } });
    }
  }
  for (const parts of days.values()) parts.sort((a, b) => Number(b.continues.before) - Number(a.continues.before));
  return days;
}
