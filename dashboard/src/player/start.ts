import type { Timeline } from './timeline';

/** Where to start: an offset from the start of the session or recording, or a wall-clock time (ms since 1970). */
export type Start = { kind: 'offset'; seconds: number } | { kind: 'clock'; ms: number };

const units = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?$/;
const colons = /^(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})$/;
/** Larger numbers are seconds since 1970. */
const maxOffsetSeconds = 100_000_000;

/**
 * Parses the parameter `t` of a shared URL: `90`, `1h2m3s` or `1:02:03` from the start; `2026-03-01T19:30:00Z` or seconds since 1970.
 * Null if missing or invalid; the page then starts as usual.
 */
export function parseStart(search: string): Start | null {
  const value = new URLSearchParams(search).get('t')?.trim() ?? '';
  if (value === '' || value.length > 40) return null;
  if (/^\d{1,12}$/.test(value)) {
    const seconds = Number(value);
    return seconds < maxOffsetSeconds ? { kind: 'offset', seconds } : { kind: 'clock', ms: seconds * 1000 };
  }

  const parts = units.exec(value) ?? colons.exec(value);
  if (parts !== null) {
    const [hours, minutes, seconds] = [parts[1], parts[2], parts[3]].map((part) => Number(part ?? 0));
    return { kind: 'offset', seconds: (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0) };
  }

  // URL decoding turns the plus sign of an offset into a space.
  const ms = /^\d{4}-/.test(value) ? Date.parse(value.replace(' ', '+')) : Number.NaN;
  return Number.isNaN(ms) ? null : { kind: 'clock', ms };
}

/**
 * Position in seconds of the video. Null if unknown or in the future; playback then starts as usual.
 * @param startedAt wall-clock time of offset zero (ms since 1970), null if offsets count from the start of the video
 */
export function resolveStart(start: Start, timeline: Timeline, startedAt: number | null): number | null {
  const { window } = timeline;
  if (start.kind === 'offset' && startedAt === null) return start.seconds > window.end ? null : Math.max(window.start, start.seconds);
  const ms = start.kind === 'clock' ? start.ms : (startedAt ?? 0) + start.seconds * 1000;
  const newest = timeline.dateAt(window.end);
  if (newest === null || ms > newest) return null;
  const position = timeline.positionOf(ms);
  return position === null ? null : Math.min(window.end, Math.max(window.start, position));
}
