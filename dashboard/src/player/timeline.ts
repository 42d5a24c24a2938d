/** A stretch of a stream's own time, in seconds of the video. */
export interface Span {
  start: number;
  end: number;
}

/** One segment of a media playlist, as the seek bar needs it. */
export interface Piece {
  /** Seconds of the video. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  /** Wall clock at its begin, in ms since 1970; null in a stream without one. */
  readonly programDateTime: number | null;
  /** `EXT-X-GAP`: it is listed and is not there. */
  readonly gap?: boolean;
}

/** How far one may go in a stream, what is missing in between, and which wall clock belongs to which place. */
export interface Timeline {
  /** From the oldest that is listed to where live playback sits, or to the end of what is over. */
  readonly window: Span;
  readonly gaps: readonly Span[];
  /** Wall clock of a place in ms since 1970, null where none is known. */
  dateAt(position: number): number | null;
  /** The place of a wall clock: the nearest that is listed. Null where none is known. */
  positionOf(date: number): number | null;
}

/**
 * The timeline of a media playlist. Looks up in the playlist's own list, so that a day of it costs nothing to hold. Behind a discontinuity
 * the wall clock may jump: each piece is asked for its own.
 */
export class PlaylistTimeline implements Timeline {
  readonly window: Span;
  readonly gaps: readonly Span[];
  private readonly pieces: readonly Piece[];

  /** @param pieces by rising start */
  constructor(pieces: readonly Piece[], window: Span) {
    this.pieces = pieces;
    this.window = window;
    this.gaps = gapsOf(pieces);
  }

  dateAt(position: number): number | null {
    const piece = this.pieces[this.lastWhere((one) => one.start <= position)] ?? this.pieces[0];
    if (piece === undefined || piece.programDateTime === null) return null;
    return piece.programDateTime + (position - piece.start) * 1000;
  }

  positionOf(date: number): number | null {
    const piece = this.pieces[this.lastWhere((one) => one.programDateTime !== null && one.programDateTime <= date)] ?? this.pieces[0];
    if (piece === undefined || piece.programDateTime === null) return null;
    const within = (date - piece.programDateTime) / 1000;
    // What nobody sent has no place: its time is where the broadcast went on.
    return piece.start + Math.min(piece.duration, Math.max(0, within));
  }

  /** The last piece that fits, where all before it do; -1 when none does. */
  private lastWhere(fits: (piece: Piece) => boolean): number {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = this.pieces[middle];
      if (piece !== undefined && fits(piece)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function gapsOf(pieces: readonly Piece[]): Span[] {
  const gaps: Span[] = [];
  for (const piece of pieces) {
    if (piece.gap !== true) continue;
    const end = piece.start + piece.duration;
    const last = gaps.at(-1);
    if (last !== undefined && piece.start - last.end < 0.1) last.end = end;
    else gaps.push({ start: piece.start, end });
  }
  return gaps;
}

/** Where a jump to a place ends: inside the window, and behind a gap that it would fall into. */
export function landing(position: number, { window, gaps }: Pick<Timeline, 'window' | 'gaps'>): number {
  const inside = Math.min(window.end, Math.max(window.start, position));
  const gap = gaps.find((one) => inside >= one.start && inside < one.end);
  return gap === undefined ? inside : Math.min(window.end, gap.end + 0.1);
}

/**
 * Where a jump to a place of what is attached ends: seconds of the video, or live, where that is what lies there.
 * @param closed nothing will be added to it
 * @param isLive it is the channel, not a recording
 */
export function destination(position: number, timeline: Pick<Timeline, 'window' | 'gaps'>, closed: boolean, isLive: boolean): number | 'live' {
  // At the very end of what is over there is no picture.
  const { start, end } = timeline.window;
  const target = Math.min(landing(position, timeline), closed ? Math.max(start, end - 0.3) : end);
  return isLive && !closed && target >= end - 0.5 ? 'live' : target;
}

/** How much of the window lies before a place, 0 to 1. */
export function fractionOf(position: number, { start, end }: Span): number {
  return end <= start ? 1 : Math.min(1, Math.max(0, (position - start) / (end - start)));
}

/** The place at 0 to 1 of the window. */
export function positionAt(fraction: number, { start, end }: Span): number {
  return start + Math.min(1, Math.max(0, fraction)) * Math.max(0, end - start);
}

/** The buffered range that holds a place, cut to the window; null where there is none. */
export function bufferedAround(position: number, ranges: readonly Span[], window: Span): Span | null {
  // Half a second: behind a jump the first picture may lie a little further on.
  const range = ranges.find((one) => position >= one.start - 0.5 && position <= one.end);
  if (range === undefined) return null;
  const cut = { start: Math.max(window.start, range.start), end: Math.min(window.end, range.end) };
  return cut.end > cut.start ? cut : null;
}

/** Seconds that arrow keys, and the keys J and L, go. */
export const shortStep = 5;
export const longStep = 10;

/** Where a key on the seek bar leads; null for keys that are none of its. */
export function positionByKey(key: string, position: number, window: Span): number | null {
  // A tenth of a short window, and never more than five minutes.
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
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
