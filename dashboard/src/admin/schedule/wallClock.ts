// Times as clocks on the wall show them, `2030-01-31T20:00`, as fields for date and time have them. What they mean as instants is the server's to say.

const minuteMs = 60_000;

/** A number that goes up with the time; NaN for what is no time. */
export function wallMs(wall: string): number {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(wall) ? Date.parse(`${wall.slice(0, 16)}:00Z`) : Number.NaN;
}

export function wallText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

/** The day and month of a time, counted as if it were UTC. */
export function wallDate(wall: string): Date | null {
  const ms = wallMs(wall);
  return Number.isNaN(ms) ? null : new Date(ms);
}

/** What clocks show somewhere at an instant; of a zone that the browser does not know, in UTC. */
export function wallIn(instant: Date, timeZone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  } catch {
    return instant.toISOString().slice(0, 16);
  }
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(instant)) parts[part.type] = part.value;
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** The end that keeps an event as long as it was when its start is moved; unchanged where one of them is no time. */
export function movedEnd(end: string, oldStart: string, newStart: string): string {
  const moved = wallMs(end) + wallMs(newStart) - wallMs(oldStart);
  return Number.isNaN(moved) ? end : wallText(moved);
}

/** About when an instant is once its event starts at another time: by as much as clocks on the wall move. */
export function movedInstant(iso: string, oldStart: string, newStart: string): string {
  const by = wallMs(newStart) - wallMs(oldStart);
  return Number.isNaN(by) ? iso : new Date(new Date(iso).getTime() + by).toISOString();
}

/** The same time of day, days later or earlier. */
export function movedDays(wall: string, days: number): string {
  return wallText(wallMs(wall) + days * 24 * 60 * minuteMs);
}

/** When a new event is proposed to start: the next full hour, an hour from now at the least. */
export function nextStart(now: Date, timeZone: string): string {
  const ms = wallMs(wallIn(now, timeZone)) + 60 * minuteMs;
  return wallText(Math.ceil(ms / (60 * minuteMs)) * 60 * minuteMs);
}

/** Where the browser is. */
export function ownTimeZone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  return zone && zone !== 'Etc/Unknown' ? zone : 'UTC';
}

/** The time zones that the browser knows, for choosing. */
export function timeZones(): string[] {
  const known = (Intl as { supportedValuesOf?: (key: string) => string[] }).supportedValuesOf?.('timeZone') ?? [];
  return known.includes('UTC') ? known : ['UTC', ...known];
}
