/** How the last connection to the event stream ended. */
export type StreamEnd =
  /** It was open, and ended: the server stopped, the line broke, or `reset` was told. */
  | 'closed'
  /** The server has no place for one more (429), or no database (503), or did not answer. */
  | 'refused'
  /** It will not be let in, however often it asks. */
  | 'forbidden';

const firstMs = 3000;
const longestMs = 60_000;

/** How long to wait before the event stream is asked for again; null for never. A little of it by chance, so that not all come back at once. */
export function pauseAfter(end: StreamEnd, failures: number, chance: number): number | null {
  if (end === 'forbidden') return null;
  const pause = end === 'closed' ? firstMs : Math.min(longestMs, firstMs * 2 ** Math.min(failures, 6));
  return pause * (0.75 + chance / 2);
}
