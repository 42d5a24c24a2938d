import { localDate } from './localTime';

// Common recurrences as iCalendar rules (RFC 5545, 3.3.10), and back. The server validates rules.

const days = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const workdays = 'MO,TU,WE,TH,FR';
const order = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYMONTH', 'BYMONTHDAY', 'BYDAY'];

/** A recurrence; `custom` is an iCalendar rule that the user enters. */
export type Repeat = 'once' | 'daily' | 'workdays' | 'weekly' | 'fortnightly' | 'monthlyDay' | 'monthlyWeekday' | 'yearly' | 'custom';

export const repeats: readonly Repeat[] = [
  'once',
  'daily',
  'workdays',
  'weekly',
  'fortnightly',
  'monthlyDay',
  'monthlyWeekday',
  'yearly',
  'custom',
];

/** The end of a recurrence. */
export interface Until {
  kind: 'never' | 'count' | 'date';
  /** Number of occurrences. */
  count?: number;
  /** Last day, `2030-12-31`. */
  date?: string;
}

/** The rule of a recurrence; null for `once` and for an invalid start. */
export function buildRule(repeat: Repeat, start: string, until: Until, customRule: string): string | null {
  if (repeat === 'custom') return customRule.trim() === '' ? null : customRule.trim();
  const date = localDate(start);
  if (repeat === 'once' || date === null) return null;
  return orderParts([...repeatParts(repeat, date), ...untilParts(until)]);
}

/** The recurrence of a rule; `custom` if no other one produces it. */
export function parseRule(rule: string | null, start: string): { repeat: Repeat; until: Until; customRule: string } {
  if (rule === null || rule === '') return { repeat: 'once', until: { kind: 'never' }, customRule: '' };
  const until = parseUntil(rule);
  const match =
    until === null
      ? undefined
      : repeats.find((repeat) => repeat !== 'once' && repeat !== 'custom' && sameRule(buildRule(repeat, start, until, ''), rule));
  return match === undefined || until === null
    ? { repeat: 'custom', until: { kind: 'never' }, customRule: rule }
    : { repeat: match, until, customRule: rule };
}

/** The ordinal of the date's weekday in its month: 1 to 4, or -1 for the last. */
export function ordinalOf(date: Date): number {
  const ordinal = Math.ceil(date.getUTCDate() / 7);
  return ordinal > 4 ? -1 : ordinal;
}

function repeatParts(repeat: Repeat, date: Date): string[] {
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

function untilParts(until: Until): string[] {
  if (until.kind === 'count' && until.count !== undefined) return [`COUNT=${until.count}`];
  // Includes the whole day, in the event's time zone.
  if (until.kind === 'date' && until.date) return [`UNTIL=${until.date.replaceAll('-', '')}T235959`];
  return [];
}

// Null if the form does not support the rule's end.
function parseUntil(rule: string): Until | null {
  const parts = new Map(rule.split(';').map((part) => part.split('=', 2) as [string, string]));
  const count = parts.get('COUNT');
  if (count !== undefined) return { kind: 'count', count: Number(count) };
  const until = parts.get('UNTIL');
  if (until === undefined) return { kind: 'never' };
  const day = /^(\d{4})(\d{2})(\d{2})(T235959)?$/.exec(until);
  return day === null ? null : { kind: 'date', date: `${day[1]}-${day[2]}-${day[3]}` };
}

// In the server's order, so that an unchanged rule compares equal.
function orderParts(parts: string[]): string {
  const orderOf = (part: string) => order.indexOf(part.split('=', 1)[0] ?? '');
  return [...parts].sort((a, b) => orderOf(a) - orderOf(b)).join(';');
}

function sameRule(a: string | null, b: string): boolean {
  const sorted = (rule: string) => rule.split(';').sort().join(';');
  return a !== null && sorted(a) === sorted(b);
}
