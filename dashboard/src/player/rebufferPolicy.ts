/** Observed stalls and bandwidth. */
export interface BufferSample {
  /** Times of stalls in ms of one clock, oldest first. */
  stalls: readonly number[];
  now: number;
  /** Measured bandwidth in bits per second; null before a measurement. */
  bandwidth: number | null;
  /** Bitrate of the displayed quality; null if unknown. */
  bitrate: number | null;
  /** Whether the player can switch to a lower quality automatically. */
  canGoLower: boolean;
}

const recentMs = 30_000;
/** After this time without stalls, the connection is fast enough. */
const stableMs = 90_000;

/** Whether playback stalls because the bandwidth is below the bitrate, with no lower quality available. */
export function isTooSlow({ stalls, now, bandwidth, bitrate, canGoLower }: BufferSample): boolean {
  if (canGoLower || bandwidth === null || bitrate === null) return false;
  const recent = stalls.filter((at) => now - at <= recentMs).length;
  // One stall suffices if the connection is far too slow; otherwise two.
  return (recent >= 1 && bandwidth < 0.8 * bitrate) || (recent >= 2 && bandwidth < 1.1 * bitrate);
}

/** Whether a slow connection has recovered. */
export function hasRecovered({ stalls, now, bandwidth, bitrate, canGoLower }: BufferSample): boolean {
  if (canGoLower) return true;
  const stableFor = now - (stalls.at(-1) ?? Number.NEGATIVE_INFINITY);
  return stableFor > stableMs || (stableFor > 5000 && bandwidth !== null && bitrate !== null && bandwidth > 1.25 * bitrate);
}

/** Position within the live window, in seconds. */
export interface LiveWindowPosition {
  /** Distance to the live position. */
  behind: number;
  /** Length of the window up to the live position. */
  window: number;
}

const initialSeconds = 6;
const incrementSeconds = 4;
const maxSeconds = 14;
const minSeconds = 3;

/**
 * Seconds to buffer before playback continues: more each time, but limited so that the media stays in the moving
 * live window.
 * @param previousRebuffers number of previous rebuffers
 */
export function rebufferSeconds(
  { bandwidth, bitrate }: Pick<BufferSample, 'bandwidth' | 'bitrate'>,
  previousRebuffers: number,
  { behind, window }: LiveWindowPosition,
): number {
  const desired = Math.min(maxSeconds, initialSeconds + incrementSeconds * previousRebuffers);
  const ratio = bandwidth === null || bitrate === null || bitrate <= 0 ? 1 : Math.min(1, bandwidth / bitrate);
  return Math.max(minSeconds, Math.min(desired, (window - behind) * ratio));
}
