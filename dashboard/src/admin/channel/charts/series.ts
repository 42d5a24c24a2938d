/** A point of a chart: milliseconds since 1970, and a value or null. */
export type Point = readonly [at: number, value: number | null];

/** The values in a chart's text. */
export interface Summary {
  /** The latest value; null if it is unknown. */
  latest: number | null;
  min: number;
  max: number;
}

/** Latest value, minimum and maximum; null without values. */
export function summarize(points: readonly Point[]): Summary | null {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  if (values.length === 0) return null;
  return { latest: points.at(-1)![1], min: Math.min(...values), max: Math.max(...values) };
}

/** The range of a chart's axis: round numbers around the values. Includes 0 if it is close. */
export function createAxis(min: number, max: number): { from: number; to: number } {
  const low = min >= 0 && min <= max * 0.8 ? 0 : min;
  const span = max - low || Math.abs(max) || 1;
  const step = niceStep(span / 4);
  const from = Math.floor((low - (low === 0 ? 0 : span * 0.05)) / step) * step;
  const to = Math.ceil((max + span * 0.05) / step) * step;
  return { from: roundOff(from), to: roundOff(to) };
}

/** Round values within the range of an axis, three to six of them, ascending. */
export function valueTicks(from: number, to: number): number[] {
  const step = niceStep((to - from) / 4);
  const ticks: number[] = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index++) ticks.push(roundOff(index * step));
  return ticks;
}

/** Instants at round local times within a time range, at most six of them, ascending. */
export function timeTicks(from: number, to: number): number[] {
  const step = timeSteps.find((one) => (to - from) / one <= 5) ?? timeSteps.at(-1)!;
  // Local midnight; a change of daylight saving time shifts the ticks of at most one day.
  const midnight = new Date(to).setHours(0, 0, 0, 0);
  const ticks: number[] = [];
  for (let at = midnight + Math.ceil((from - midnight) / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** 1, 2 or 5 times a power of ten, not below `min`. */
export function niceStep(min: number): number {
  const power = 10 ** Math.floor(Math.log10(min));
  for (const factor of [1, 2, 5]) if (factor * power >= min * 0.999) return roundOff(factor * power);
  return roundOff(10 * power);
}

export interface ChartFrame {
  from: number;
  to: number;
  /** Range of the value axis. */
  low: number;
  high: number;
  width: number;
  height: number;
}

/** SVG path through the points, interrupted where the interval exceeds `maxGapMs`. */
export function createPath(points: readonly Point[], frame: ChartFrame, maxGapMs: number): string {
  const parts: string[] = [];
  let last: number | null = null;
  for (const [at, value] of points) {
    if (value === null || at < frame.from || at > frame.to) {
      if (value === null) last = null;
      continue;
    }
    const command = last === null || at - last > maxGapMs ? 'M' : 'L';
    const x = toPixels(at, frame.from, frame.to, frame.width);
    const y = toPixels(frame.high - value, 0, frame.high - frame.low, frame.height);
    parts.push(`${command}${x} ${y}`);
    last = at;
  }
  return parts.join('');
}

/** An entry of the channel's activity, as marked in charts. */
export interface Mark {
  at: number;
  kind: string;
  text: string;
}

/** The mark nearest to an instant, at most `maxDistanceMs` away. */
export function nearestMark(marks: readonly Mark[], at: number, maxDistanceMs: number): Mark | null {
  let nearest: Mark | null = null;
  for (const mark of marks) {
    const distance = Math.abs(mark.at - at);
    if (distance <= maxDistanceMs && (nearest === null || distance < Math.abs(nearest.at - at))) nearest = mark;
  }
  return nearest;
}

/** The point with a value nearest to an instant. */
export function findNearest(points: readonly Point[], at: number): readonly [number, number] | null {
  let nearestPoint: readonly [number, number] | null = null;
  for (const [when, value] of points) {
    if (value !== null && (nearestPoint === null || Math.abs(when - at) < Math.abs(nearestPoint[0] - at))) nearestPoint = [when, value];
  }
  return nearestPoint;
}

/** Start of a chart's time range. It begins with the first measurement, so that a new broadcast fills the width. */
export function rangeStart(to: number, length: number, first: number | null): number {
  return Math.max(to - length, Math.min(first ?? 0, to - minRangeMs));
}

/** Appends new points without duplicates, and drops points before `since`. */
export function appendMeasurements<T extends { at: string }>(existing: readonly T[], added: readonly T[], since: number): T[] {
  const last = existing.at(-1)?.at;
  const newer = last === undefined ? added : added.filter((one) => Date.parse(one.at) > Date.parse(last));
  return [...existing, ...newer].filter((one) => Date.parse(one.at) >= since);
}

function toPixels(value: number, from: number, to: number, length: number): number {
  return Math.round(((value - from) / (to - from || 1)) * length * 10) / 10;
}

// Minimum time range.
const minRangeMs = 2 * 60_000;

const minuteMs = 60_000;
// Distances of instants on the time axis.
const timeSteps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360].map((minutes) => minutes * minuteMs);

// Removes floating-point noise (0.1 + 0.2).
function roundOff(value: number): number {
  return Number(value.toPrecision(12));
}
