/** What may be known of a viewer's line before anything of the stream has come. All in bits per second. */
export interface LineHints {
  /** What the scripts of this page came with; null when they came out of the cache. */
  scripts: number | null;
  /** What an earlier stream was measured with, as `recalled` has it. */
  remembered: number | null;
  /** The browser's own guess, where it has one. */
  guessed: number | null;
  /** The viewer asked for little data. */
  savesData: boolean;
}

/** Nobody knows anything: what a phone on a fair day has. Too little costs a few seconds of a smaller picture, too much a wait. */
export const unknownLine = 1_500_000;
const slowest = 200_000;
/** More makes no difference to where anything begins. */
const fastest = 20_000_000;
/** For who asked for little: enough for a small picture. */
const saving = 500_000;
/** Kept free of what was measured: lines vary, and sound comes beside the picture. */
const share = 0.8;

/** With how many bits per second to choose the first quality: the lower of what was measured, and a guess only where nothing was. */
export function firstEstimate({ scripts, remembered, guessed, savesData }: LineHints): number {
  const measured = [scripts, remembered].filter((value) => value !== null);
  const known = measured.length > 0 ? Math.min(...measured) * share : guessed === null ? unknownLine : Math.min(guessed * share, unknownLine);
  const estimate = Math.round(Math.min(fastest, Math.max(slowest, known)));
  return savesData ? Math.min(saving, estimate) : estimate;
}

/** What of a loaded file says how fast it came: an entry of the browser's resource timing. */
export type Transfer = Pick<PerformanceResourceTiming, 'responseStart' | 'responseEnd' | 'transferSize' | 'encodedBodySize'>;

/** Bytes of a file that takes long enough to be measured with. */
const enough = 50_000;

/** Bits per second that the largest file came with; null when none is large enough, or all came out of the cache. */
export function transferRate(transfers: readonly Transfer[]): number | null {
  let best: Transfer | null = null;
  for (const one of transfers) {
    if (one.transferSize >= enough && one.encodedBodySize >= enough && (best === null || one.encodedBodySize > best.encodedBodySize)) best = one;
  }
  return best === null ? null : (best.encodedBodySize * 8000) / Math.max(1, best.responseEnd - best.responseStart);
}

/** What is kept of a measurement: a rounded number and a day, and nothing that tells one viewer from another. */
export interface Measurement {
  /** Hundreds of thousands of bits per second. */
  rate: number;
  /** Days since 1970. */
  day: number;
}

const dayMs = 86_400_000;
const unit = 100_000;

/** @param now ms since 1970 */
export function measurementOf(bitsPerSecond: number, now: number): Measurement {
  return { rate: Math.round(Math.min(fastest, Math.max(slowest, bitsPerSecond)) / unit), day: Math.floor(now / dayMs) };
}

/**
 * Bits per second of a measurement that was kept: whole today and yesterday, half for a week, because people move, and nothing after. Null for what is not understood.
 * @param now ms since 1970
 */
export function recalled(stored: unknown, now: number): number | null {
  const { rate, day } = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  if (typeof rate !== 'number' || typeof day !== 'number' || !(rate >= slowest / unit && rate <= fastest / unit)) return null;
  const age = Math.floor(now / dayMs) - day;
  if (!(age >= 0 && age <= 7)) return null;
  return rate * unit * (age <= 1 ? 1 : 0.5);
}
