/** Why the last connection to the event stream ended. */
export type StreamEnd =
  /** It was open, then ended: server stop, network failure, or `reset`. */
  | 'closed'
  /** Too many streams (429), database unavailable (503), or no response. */
  | 'refused'
  /** Unauthorized or forbidden: retrying is useless. */
  | 'forbidden';

const minDelayMs = 3000;
const maxDelayMs = 60_000;

/** Delay before reconnecting to the event stream; null to stop. Randomized, so that clients do not reconnect at the same time. */
export function reconnectDelay(end: StreamEnd, failures: number, random: number): number | null {
  if (end === 'forbidden') return null;
  const delay = end === 'closed' ? minDelayMs : Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 6));
  return delay * (0.75 + random / 2);
}
