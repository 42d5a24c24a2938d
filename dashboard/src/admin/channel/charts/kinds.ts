import { adminText } from '../../../text';
import type { Measurement } from '../channelApi';

/** A chart: its measurement and number format. */
export interface ChartKind {
  name: string;
  title: string;
  valueOf: (measurement: Measurement) => number | null;
  /** Formats a value with its unit. */
  format: (value: number) => string;
  /** Formats a value of the axis, with as many digits as its steps need. */
  formatTick: (value: number) => string;
  /** Whether values are whole numbers. */
  isCount?: boolean;
}

const text = adminText.channelPage.charts;

/** All charts, in display order. */
export const chartKinds: readonly ChartKind[] = [
  {
    name: 'bitrate',
    title: text.bitrate,
    valueOf: (m) => (m.bitsPerSecond === null ? null : m.bitsPerSecond / 1_000_000),
    format: (value) => text.megabits(value.toFixed(2)),
    formatTick: (value) => text.megabits(String(value)),
  },
  {
    name: 'frames',
    title: text.frames,
    valueOf: (m) => m.framesPerSecond,
    format: (value) => text.perSecond(value.toFixed(1)),
    formatTick: (value) => text.perSecond(String(value)),
  },
  {
    name: 'keyframes',
    title: text.keyframes,
    valueOf: (m) => m.keyframeIntervalSeconds,
    format: (value) => text.seconds(value.toFixed(2)),
    formatTick: (value) => text.seconds(String(value)),
  },
  {
    name: 'skew',
    title: text.avOffset,
    valueOf: (m) => (m.avSkewSeconds === null ? null : m.avSkewSeconds * 1000),
    format: (value) => text.milliseconds(value.toFixed(0)),
    formatTick: (value) => text.milliseconds(String(value)),
  },
  {
    name: 'speed',
    title: text.encodingSpeed,
    valueOf: (m) => m.encodingSpeed,
    format: (value) => text.multiplier(value.toFixed(2)),
    formatTick: (value) => text.multiplier(String(value)),
  },
  {
    name: 'delay',
    title: text.packagingDelay,
    valueOf: (m) => m.latencySeconds,
    format: (value) => (value < 1 ? text.milliseconds((value * 1000).toFixed(0)) : text.seconds(value.toFixed(2))),
    formatTick: (value) => text.seconds(String(value)),
  },
  {
    name: 'viewers',
    title: text.viewers,
    valueOf: (m) => m.viewers,
    format: (value) => value.toFixed(0),
    formatTick: String,
    isCount: true,
  },
];
