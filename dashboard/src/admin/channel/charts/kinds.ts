import { adminText } from '../../../text';
import type { Measurement } from '../channelApi';

/** A chart: what of a measurement it shows, and how its values are written. */
export interface ChartKind {
  name: string;
  title: string;
  of: (measurement: Measurement) => number | null;
  /** A value with its unit. */
  write: (value: number) => string;
}

const text = adminText.channelPage.charts;

/** All charts of a channel, in their order. */
export const chartKinds: readonly ChartKind[] = [
  { name: 'bitrate', title: text.bitrate, of: (m) => (m.bitsPerSecond === null ? null : m.bitsPerSecond / 1_000_000), write: (value) => text.megabits(value.toFixed(2)) },
  { name: 'frames', title: text.frames, of: (m) => m.framesPerSecond, write: (value) => text.perSecond(value.toFixed(1)) },
  { name: 'keyframes', title: text.keyframes, of: (m) => m.keyframeIntervalSeconds, write: seconds(2) },
  { name: 'skew', title: text.skew, of: (m) => (m.skewSeconds === null ? null : m.skewSeconds * 1000), write: (value) => text.milliseconds(value.toFixed(0)) },
  { name: 'speed', title: text.speed, of: (m) => m.encodingSpeed, write: (value) => text.times(value.toFixed(2)) },
  { name: 'delay', title: text.delay, of: (m) => m.delaySeconds, write: (value) => (value < 1 ? text.milliseconds((value * 1000).toFixed(0)) : text.seconds(value.toFixed(2))) },
  { name: 'viewers', title: text.viewers, of: (m) => m.viewers, write: (value) => value.toFixed(0) },
];

function seconds(digits: number): (value: number) => string {
  return (value) => text.seconds(value.toFixed(digits));
}
