/** A time range in seconds of the video. */
export interface Span {
  start: number;
  end: number;
}

/** A segment of a media playlist, reduced to what the seek bar uses. */
export interface TimelineSegment {
  /** Seconds of the video. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  /** Wall-clock time of its start in ms since 1970; null if unknown. */
  readonly programDateTime: number | null;
  /** `EXT-X-GAP`: listed, but missing. */
  readonly gap?: boolean;
}

/** Seekable range, gaps, and mapping between positions and wall-clock time. */
export interface Timeline {
  /** From the oldest segment to the live position, or to the end of an ended stream. */
  readonly window: Span;
  readonly gaps: readonly Span[];
  /** Wall-clock time of a position in ms since 1970, null if unknown. */
  dateAt(position: number): number | null;
  /** Position of a wall-clock time, limited to the listed segments. Null if unknown. */
  positionOf(date: number): number | null;
}

/**
 * The timeline of a media playlist. Reads the playlist's own segment list, so that long playlists need no extra memory. The wall-clock time
 * may jump at a discontinuity, so each segment uses its own.
 */
export class PlaylistTimeline implements Timeline {
  readonly window: Span;
  readonly gaps: readonly Span[];
  private readonly segments: readonly TimelineSegment[];

  /** @param segments by ascending start */
  constructor(segments: readonly TimelineSegment[], window: Span) {
    this.segments = segments;
    this.window = window;
    this.gaps = gapsOf(segments);
  }

  dateAt(position: number): number | null {
    const segment = this.segments[this.lastWhere((one) => one.start <= position)] ?? this.segments[0];
    if (segment === undefined || segment.programDateTime === null) return null;
    return segment.programDateTime + (position - segment.start) * 1000;
  }

  positionOf(date: number): number | null {
    const segment = this.segments[this.lastWhere((one) => one.programDateTime !== null && one.programDateTime <= date)] ?? this.segments[0];
    if (segment === undefined || segment.programDateTime === null) return null;
    const offset = (date - segment.programDateTime) / 1000;
    // Between segments there is no position: use the next start.
    return segment.start + Math.min(segment.duration, Math.max(0, offset));
  }

  /** Index of the last segment that matches, if all before it do; -1 if none does. */
  private lastWhere(matches: (segment: TimelineSegment) => boolean): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.segments[middle];
      if (segment !== undefined && matches(segment)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function gapsOf(segments: readonly TimelineSegment[]): Span[] {
  const gaps: Span[] = [];
  for (const segment of segments) {
    if (segment.gap !== true) continue;
    const end = segment.start + segment.duration;
    const last = gaps.at(-1);
    if (last !== undefined && segment.start - last.end < 0.1) last.end = end;
    else gaps.push({ start: segment.start, end });
  }
  return gaps;
}

/** Limits a position to the window, and moves it past a gap. */
export function clampSeek(position: number, { window, gaps }: Pick<Timeline, 'window' | 'gaps'>): number {
  const inside = Math.min(window.end, Math.max(window.start, position));
  const gap = gaps.find((one) => inside >= one.start && inside < one.end);
  return gap === undefined ? inside : Math.min(window.end, gap.end + 0.1);
}

/**
 * Target of a seek: seconds of the video, or live.
 * @param isEnded no media will be added
 * @param isLive the channel, not a recording
 */
export function seekTarget(
  position: number,
  timeline: Pick<Timeline, 'window' | 'gaps'>,
  isEnded: boolean,
  isLive: boolean,
): number | 'live' {
  // There is no frame at the very end.
  const { start, end } = timeline.window;
  const target = Math.min(clampSeek(position, timeline), isEnded ? Math.max(start, end - 0.3) : end);
  return isLive && !isEnded && target >= end - 0.5 ? 'live' : target;
}

/** Share of the window before a position, 0 to 1. */
export function fractionOf(position: number, { start, end }: Span): number {
  return end <= start ? 1 : Math.min(1, Math.max(0, (position - start) / (end - start)));
}

/** The position at a share of the window, 0 to 1. */
export function positionAt(fraction: number, { start, end }: Span): number {
  return start + Math.min(1, Math.max(0, fraction)) * Math.max(0, end - start);
}

/** The buffered range around a position, limited to the window; null if there is none. */
export function bufferedAround(position: number, ranges: readonly Span[], window: Span): Span | null {
  // After a seek, the first frame may be up to half a second later.
  const range = ranges.find((one) => position >= one.start - 0.5 && position <= one.end);
  if (range === undefined) return null;
  const cut = { start: Math.max(window.start, range.start), end: Math.min(window.end, range.end) };
  return cut.end > cut.start ? cut : null;
}

/** Seek steps in seconds, of the arrow keys and of the keys J and L. */
export const shortStep = 5;
export const longStep = 10;

/** The position that a key on the seek bar selects; null for other keys. */
export function positionByKey(key: string, position: number, window: Span): number | null {
  // A tenth of the window, from 30 s to 5 min.
  const page = Math.min(300, Math.max(30, (window.end - window.start) / 10));
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return position - shortStep;
    case 'ArrowRight':
    case 'ArrowUp':
      return position + shortStep;
    case 'PageDown':
      return position - page;
    case 'PageUp':
      return position + page;
    case 'Home':
      return window.start;
    case 'End':
      return window.end;
    default:
      return null;
  }
}

/** `0:07`, `12:34`, `1:02:03`: whole seconds, rounded down. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (part: number) => part.toString().padStart(2, '0');
  const [hours, minutes, remaining] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(remaining)}` : `${minutes}:${two(remaining)}`;
}
