import { wallDate } from './wallClock';

// The few ways in which most things recur, as rules of iCalendar (RFC 5545, 3.3.10), and back. The server alone knows what rules may be.

const days = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const workdays = 'MO,TU,WE,TH,FR';
const order = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYMONTH', 'BYMONTHDAY', 'BYDAY'];

/** How something recurs, as it is chosen; `own` is a rule as somebody writes it. */
export type Repeat = 'once' | 'daily' | 'workdays' | 'weekly' | 'fortnightly' | 'monthlyDay' | 'monthlyWeekday' | 'yearly' | 'own';

export const repeats: readonly Repeat[] = ['once', 'daily', 'workdays', 'weekly', 'fortnightly', 'monthlyDay', 'monthlyWeekday', 'yearly', 'own'];

/** When it stops. */
export interface Until {
  kind: 'never' | 'count' | 'date';
  /** How many times. */
  count?: number;
  /** The last day, `2030-12-31`. */
  date?: string;
}

/** The rule of a choice for something that starts at a time; null for once, and where the start is no time. */
export function ruleOf(repeat: Repeat, start: string, until: Until, own: string): string | null {
  if (repeat === 'own') return own.trim() === '' ? null : own.trim();
  const date = wallDate(start);
  if (repeat === 'once' || date === null) return null;
  return inOrder([...partsOf(repeat, date), ...untilOf(until)]);
}

/** The choice that makes a rule. What none of them makes is a rule of one's own. */
export function choiceOf(rule: string | null, start: string): { repeat: Repeat; until: Until; own: string } {
  if (rule === null || rule === '') return { repeat: 'once', until: { kind: 'never' }, own: '' };
  const until = endOf(rule);
  const found = until === null ? undefined : repeats.find((repeat) => repeat !== 'once' && repeat !== 'own' && sameRule(ruleOf(repeat, start, until, ''), rule));
  return found === undefined || until === null ? { repeat: 'own', until: { kind: 'never' }, own: rule } : { repeat: found, until, own: rule };
}

/** Which of its weekday in the month a day is: 1 to 4, or -1 for the last where there may be no fifth. */
export function ordinalOf(date: Date): number {
  const ordinal = Math.ceil(date.getUTCDate() / 7);
  return ordinal > 4 ? -1 : ordinal;
}

function partsOf(repeat: Repeat, date: Date): string[] {
  const day = days[date.getUTCDay()] ?? 'MO';
  switch (repeat) {
    case 'daily':
      return ['FREQ=DAILY'];
    case 'workdays':
      return ['FREQ=WEEKLY', `BYDAY=${workdays}`];
    case 'weekly':
      return ['FREQ=WEEKLY', `BYDAY=${day}`];
    case 'fortnightly':
      return ['FREQ=WEEKLY', 'INTERVAL=2', `BYDAY=${day}`];
    case 'monthlyDay':
      return ['FREQ=MONTHLY', `BYMONTHDAY=${date.getUTCDate()}`];
    case 'monthlyWeekday':
      return ['FREQ=MONTHLY', `BYDAY=${ordinalOf(date)}${day}`];
    default:
      return ['FREQ=YEARLY'];
  }
}

function untilOf(until: Until): string[] {
  if (until.kind === 'count' && until.count !== undefined) return [`COUNT=${until.count}`];
  // A day counts whole, on clocks of the event's time zone.
  if (until.kind === 'date' && until.date) return [`UNTIL=${until.date.replaceAll('-', '')}T235959`];
  return [];
}

// Null where a rule stops in a way that cannot be chosen.
function endOf(rule: string): Until | null {
  const parts = new Map(rule.split(';').map((part) => part.split('=', 2) as [string, string]));
  const count = parts.get('COUNT');
  if (count !== undefined) return { kind: 'count', count: Number(count) };
  const until = parts.get('UNTIL');
  if (until === undefined) return { kind: 'never' };
  const day = /^(\d{4})(\d{2})(\d{2})(T235959)?$/.exec(until);
  return day === null ? null : { kind: 'date', date: `${day[1]}-${day[2]}-${day[3]}` };
}

// In the order in which the server keeps them, so that a rule that was not touched is not taken for another.
function inOrder(parts: string[]): string {
  const place = (part: string) => order.indexOf(part.split('=', 1)[0] ?? '');
  return [...parts].sort((a, b) => place(a) - place(b)).join(';');
}

function sameRule(a: string | null, b: string): boolean {
  const sorted = (rule: string) => rule.split(';').sort().join(';');
  return a !== null && sorted(a) === sorted(b);
}
