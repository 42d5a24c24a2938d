/** Seconds between capture and display of a frame. Null if the stream has no wall-clock time. */
export function latencySeconds(serverNowMs: number, frameDate: Date | null): number | null {
  if (frameDate === null) return null;
  const seconds = (serverNowMs - frameDate.getTime()) / 1000;
  // Differences of more than a day mean wrong clocks.
  if (!Number.isFinite(seconds) || Math.abs(seconds) > 86_400) return null;
  return Math.max(0, seconds);
}

/** One decimal; none from 100 s. */
export function latencyText(seconds: number): string {
  return seconds < 100 ? seconds.toFixed(1) : Math.round(seconds).toString();
}

/** Whether playback is noticeably behind the live position. Ordinary buffering is not. */
export function isBehindLive(secondsFromLivePosition: number | null, targetDuration: number): boolean {
  return secondsFromLivePosition !== null && secondsFromLivePosition > Math.max(4, 2 * targetDuration);
}

/** A request to the server's clock: local times (ms) before and after, and the server's time. */
export interface ClockSample {
  sentAt: number;
  receivedAt: number;
  serverMs: number;
}

/**
 * Offset of the server's clock to the local clock in ms, assuming symmetric delay. The sample with the shortest round trip is the most
 * accurate.
 */
export function clockOffset(samples: readonly ClockSample[]): number | null {
  let shortest: ClockSample | null = null;
  for (const sample of samples) {
    if (!Number.isFinite(sample.serverMs) || sample.receivedAt < sample.sentAt) continue;
    if (shortest === null || sample.receivedAt - sample.sentAt < shortest.receivedAt - shortest.sentAt) shortest = sample;
  }
  return shortest === null ? null : shortest.serverMs - (shortest.sentAt + shortest.receivedAt) / 2;
}
