// Local times such as `2030-01-31T20:00`, as in `datetime-local` inputs. The server converts them to instants.

const minuteMs = 60_000;

/** A local time as milliseconds for arithmetic; NaN if invalid. */
export function localMs(local: string): number {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(local) ? Date.parse(`${local.slice(0, 16)}:00Z`) : Number.NaN;
}

export function localText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

/** The date of a local time, as if it were UTC. */
export function localDate(local: string): Date | null {
  const ms = localMs(local);
  return Number.isNaN(ms) ? null : new Date(ms);
}

/** The local time of an instant in a zone. UTC if the browser does not know the zone. */
export function localTimeIn(instant: Date, timeZone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  } catch {
    return instant.toISOString().slice(0, 16);
  }
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(instant)) parts[part.type] = part.value;
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** The end that keeps the duration when the start moves; unchanged if a time is invalid. */
export function shiftEnd(end: string, oldStart: string, newStart: string): string {
  const newEnd = localMs(end) + localMs(newStart) - localMs(oldStart);
  return Number.isNaN(newEnd) ? end : localText(newEnd);
}

/** Approximates an instant after its event has moved, by the difference of local times. */
export function shiftInstant(iso: string, oldStart: string, newStart: string): string {
  const shiftMs = localMs(newStart) - localMs(oldStart);
  return Number.isNaN(shiftMs) ? iso : new Date(new Date(iso).getTime() + shiftMs).toISOString();
}

/** Adds days and keeps the time of day. */
export function addLocalDays(local: string, days: number): string {
  return localText(localMs(local) + days * 24 * 60 * minuteMs);
}

/** Default start of a new event: the next full hour that is at least an hour away. */
export function defaultStart(now: Date, timeZone: string): string {
  const ms = localMs(localTimeIn(now, timeZone)) + 60 * minuteMs;
  return localText(Math.ceil(ms / (60 * minuteMs)) * 60 * minuteMs);
}

/** The browser's time zone. */
export function browserTimeZone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  return zone && zone !== 'Etc/Unknown' ? zone : 'UTC';
}

/** The time zones that the browser knows. */
export function timeZones(): string[] {
  const supported = (Intl as { supportedValuesOf?: (key: string) => string[] }).supportedValuesOf?.('timeZone') ?? [];
  return supported.includes('UTC') ? supported : ['UTC', ...supported];
}
