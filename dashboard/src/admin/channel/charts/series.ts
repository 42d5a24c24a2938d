/** One point of a chart: milliseconds since 1970, and a value or nothing. */
export type Point = readonly [at: number, value: number | null];

/** What a chart shows in words, too. */
export interface Summary {
  /** The newest value; null while there is none. */
  now: number | null;
  least: number;
  most: number;
}

/** Newest, least and most of what is known; null where nothing is. */
export function summaryOf(points: readonly Point[]): Summary | null {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  if (values.length === 0) return null;
  return { now: points.at(-1)![1], least: Math.min(...values), most: Math.max(...values) };
}

/** From where to where a chart's axis goes: round numbers around the values, 0 among them where they are not far from it. */
export function axisOf(least: number, most: number): { from: number; to: number } {
  const low = least >= 0 && least <= most * 0.8 ? 0 : least;
  const span = most - low || Math.abs(most) || 1;
  const step = niceStep(span / 4);
  const from = Math.floor((low - (low === 0 ? 0 : span * 0.05)) / step) * step;
  const to = Math.ceil((most + span * 0.05) / step) * step;
  return { from: clean(from), to: clean(to) };
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * 0.999) return clean(factor * power);
  return clean(10 * power);
}

export interface Frame {
  from: number;
  to: number;
  /** The axis of values. */
  low: number;
  high: number;
  width: number;
  height: number;
}

/** The path of an SVG that goes through the points, with a break wherever nothing was measured for `gapMs`. */
export function pathOf(points: readonly Point[], frame: Frame, gapMs: number): string {
  const parts: string[] = [];
  let last: number | null = null;
  for (const [at, value] of points) {
    if (value === null || at < frame.from || at > frame.to) {
      if (value === null) last = null;
      continue;
    }
    parts.push(`${last === null || at - last > gapMs ? 'M' : 'L'}${place(at, frame.from, frame.to, frame.width)} ${place(frame.high - value, 0, frame.high - frame.low, frame.height)}`);
    last = at;
  }
  return parts.join('');
}

/** The point that is nearest to an instant, among those with a value. */
export function nearest(points: readonly Point[], at: number): readonly [number, number] | null {
  let best: readonly [number, number] | null = null;
  for (const [when, value] of points) {
    if (value !== null && (best === null || Math.abs(when - at) < Math.abs(best[0] - at))) best = [when, value];
  }
  return best;
}

/** From when a chart of so many milliseconds begins: later where nothing was measured before, so that a young broadcast is not a dot at the edge. */
export function beginOf(to: number, length: number, first: number | null): number {
  return Math.max(to - length, Math.min(first ?? 0, to - shortestMs));
}

/** New points behind those that are known, each once, without what is older than `since`. */
export function joined<T extends { at: string }>(known: readonly T[], more: readonly T[], since: number): T[] {
  const last = known.at(-1)?.at;
  const fresh = last === undefined ? more : more.filter((one) => Date.parse(one.at) > Date.parse(last));
  return [...known, ...fresh].filter((one) => Date.parse(one.at) >= since);
}

function place(value: number, from: number, to: number, length: number): number {
  return Math.round(((value - from) / (to - from || 1)) * length * 10) / 10;
}

// A chart of a few points is drawn as if it went on for a while.
const shortestMs = 2 * 60_000;

// 0.1 + 0.2 is no round number.
function clean(value: number): number {
  return Number(value.toPrecision(12));
}
