/** Seconds between the moment a picture was taken and the moment it is seen. Null when the stream carries no wall clock. */
export function latencySeconds(serverNowMs: number, pictureDate: Date | null): number | null {
  if (pictureDate === null) return null;
  const seconds = (serverNowMs - pictureDate.getTime()) / 1000;
  // Clocks that disagree by more than a day measure nothing.
  if (!Number.isFinite(seconds) || Math.abs(seconds) > 86_400) return null;
  return Math.max(0, seconds);
}

/** One decimal; whole seconds from 100 s on, where the decimal is noise. */
export function latencyText(seconds: number): string {
  return seconds < 100 ? seconds.toFixed(1) : Math.round(seconds).toString();
}

/** Whether the viewer is so far from where live playback sits that it is worth saying. Ordinary buffering is not. */
export function isBehindLive(secondsFromLivePosition: number | null, targetDuration: number): boolean {
  return secondsFromLivePosition !== null && secondsFromLivePosition > Math.max(4, 2 * targetDuration);
}

/** One question to the server's clock: local times (ms) before and after, and the time it answered with. */
export interface ClockSample {
  sentAt: number;
  receivedAt: number;
  serverMs: number;
}

/**
 * What to add to the local clock to get the server's, in ms. The answer was made somewhere between question and arrival;
 * of several samples the one with the shortest round trip is the most exact.
 */
export function clockOffset(samples: readonly ClockSample[]): number | null {
  let best: ClockSample | null = null;
  for (const sample of samples) {
    if (!Number.isFinite(sample.serverMs) || sample.receivedAt < sample.sentAt) continue;
    if (best === null || sample.receivedAt - sample.sentAt < best.receivedAt - best.sentAt) best = sample;
  }
  return best === null ? null : best.serverMs - (best.sentAt + best.receivedAt) / 2;
}
