import type { Timeline } from './timeline';

/** Where to begin: so many seconds after the begin of the session or recording, or at a wall clock (ms since 1970). */
export type Start = { kind: 'offset'; seconds: number } | { kind: 'clock'; ms: number };

const units = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?$/;
const colons = /^(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})$/;
/** Greater numbers are no offset of a session but seconds since 1970. */
const longestOffset = 100_000_000;

/**
 * The `t` of a shared address: `90`, `1h2m3s` or `1:02:03` after the begin; `2026-03-01T19:30:00Z` or seconds since 1970 for a wall clock.
 * Null where there is none, or none that can be read: the page then begins as it does without.
 */
export function parseStart(search: string): Start | null {
  const said = new URLSearchParams(search).get('t')?.trim() ?? '';
  if (said === '' || said.length > 40) return null;
  if (/^\d{1,12}$/.test(said)) {
    const seconds = Number(said);
    return seconds < longestOffset ? { kind: 'offset', seconds } : { kind: 'clock', ms: seconds * 1000 };
  }

  const parts = units.exec(said) ?? colons.exec(said);
  if (parts !== null) {
    const [hours, minutes, seconds] = [parts[1], parts[2], parts[3]].map((part) => Number(part ?? 0));
    return { kind: 'offset', seconds: (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0) };
  }

  // An offset's plus sign is a blank once it was an address's.
  const ms = /^\d{4}-/.test(said) ? Date.parse(said.replace(' ', '+')) : Number.NaN;
  return Number.isNaN(ms) ? null : { kind: 'clock', ms };
}

/**
 * The place to begin at, in seconds of the video. Null where it cannot be told, or where it has not happened yet: then playback begins as it does without.
 * @param startedAt wall clock at an offset of zero (ms since 1970), null where offsets count from the video's own begin
 */
export function startPosition(start: Start, timeline: Timeline, startedAt: number | null): number | null {
  const { window } = timeline;
  if (start.kind === 'offset' && startedAt === null) return start.seconds > window.end ? null : Math.max(window.start, start.seconds);
  const ms = start.kind === 'clock' ? start.ms : (startedAt ?? 0) + start.seconds * 1000;
  const newest = timeline.dateAt(window.end);
  if (newest === null || ms > newest) return null;
  const position = timeline.positionOf(ms);
  return position === null ? null : Math.min(window.end, Math.max(window.start, position));
}
