/** What is seen of playback on a line that may be too slow for it. */
export interface LineSight {
  /** When playback ran dry, in ms of any one clock, oldest first. */
  waits: readonly number[];
  now: number;
  /** Bits per second that media come with; null until some were measured. */
  bandwidth: number | null;
  /** Bits per second of what is played; null while that is not known. */
  bitrate: number | null;
  /** There is a lower quality, and the player takes it by itself. */
  canGoLower: boolean;
}

const recentMs = 30_000;
/** Without running dry for so long, a line is fast enough. */
const calmMs = 90_000;

/** Whether playback runs dry because the line carries less than the stream has, with nothing lower to go to. */
export function isTooSlow({ waits, now, bandwidth, bitrate, canGoLower }: LineSight): boolean {
  if (canGoLower || bandwidth === null || bitrate === null) return false;
  const recent = waits.filter((at) => now - at <= recentMs).length;
  // Far too slow is believed at once; a little too slow may be chance.
  return (recent >= 1 && bandwidth < 0.8 * bitrate) || (recent >= 2 && bandwidth < 1.1 * bitrate);
}

/** Whether a line that was too slow is not any more. */
export function hasRecovered({ waits, now, bandwidth, bitrate, canGoLower }: LineSight): boolean {
  if (canGoLower) return true;
  const calmFor = now - (waits.at(-1) ?? Number.NEGATIVE_INFINITY);
  return calmFor > calmMs || (calmFor > 5000 && bandwidth !== null && bitrate !== null && bandwidth > 1.25 * bitrate);
}

/** Seconds of the video: where playback stands among what there is. */
export interface Room {
  /** Behind where live playback sits. */
  behind: number;
  /** From the oldest there is to where live playback sits. */
  window: number;
}

const firstHold = 6;
const longerEachTime = 4;
const longestHold = 14;
const shortestHold = 3;

/**
 * Seconds to have loaded before playback goes on: more each time, for fewer waits, as far as what is waited for stays in the window
 * meanwhile. For live moves on by as much as the wait takes.
 * @param times how often it has waited like this before
 */
export function secondsToHold({ bandwidth, bitrate }: Pick<LineSight, 'bandwidth' | 'bitrate'>, times: number, { behind, window }: Room): number {
  const wanted = Math.min(longestHold, firstHold + longerEachTime * times);
  const ratio = bandwidth === null || bitrate === null || bitrate <= 0 ? 1 : Math.min(1, bandwidth / bitrate);
  return Math.max(shortestHold, Math.min(wanted, (window - behind) * ratio));
}
