/** Known bandwidth before any media was loaded, in bits per second. */
export interface BandwidthHints {
  /** Measured with the page's scripts; null if they came from the cache. */
  scriptTransfer: number | null;
  /** Measured with an earlier stream, from `storedBandwidth`. */
  previousStream: number | null;
  /** The browser's estimate, if any. */
  browserEstimate: number | null;
  /** The viewer enabled data saving. */
  savesData: boolean;
}

/** Without any hint: a typical mobile connection. Too low costs a few seconds of low quality, too high causes rebuffering. */
export const unknownBandwidth = 1_500_000;
const minBandwidth = 200_000;
/** Higher values do not change the initial quality. */
const maxBandwidth = 20_000_000;
/** With data saving: enough for a small rendition. */
const saveDataBandwidth = 500_000;
/** Usable share of a measurement, for variation and audio. */
const usableShare = 0.8;

/** The bandwidth estimate for the initial quality: the lowest measurement, or an estimate if nothing was measured. */
export function firstEstimate({ scriptTransfer, previousStream, browserEstimate, savesData }: BandwidthHints): number {
  const measured = [scriptTransfer, previousStream].filter((value) => value !== null);
  const known =
    measured.length > 0
      ? Math.min(...measured) * usableShare
      : browserEstimate === null
        ? unknownBandwidth
        : Math.min(browserEstimate * usableShare, unknownBandwidth);
  const estimate = Math.round(Math.min(maxBandwidth, Math.max(minBandwidth, known)));
  return savesData ? Math.min(saveDataBandwidth, estimate) : estimate;
}

/** Timing of a loaded file: an entry of the browser's resource timing. */
export type Transfer = Pick<PerformanceResourceTiming, 'responseStart' | 'responseEnd' | 'transferSize' | 'encodedBodySize'>;

/** Minimum file size for a measurement, in bytes. */
const minTransferBytes = 50_000;

/** Bandwidth of the largest file in bits per second; null if none is large enough, or all came from the cache. */
export function transferRate(transfers: readonly Transfer[]): number | null {
  let largest: Transfer | null = null;
  for (const one of transfers) {
    if (
      one.transferSize >= minTransferBytes &&
      one.encodedBodySize >= minTransferBytes &&
      (largest === null || one.encodedBodySize > largest.encodedBodySize)
    )
      largest = one;
  }
  return largest === null ? null : (largest.encodedBodySize * 8000) / Math.max(1, largest.responseEnd - largest.responseStart);
}

/** A stored measurement: rounded, with its day. It does not identify a viewer. */
export interface Measurement {
  /** Units of 100,000 bit/s. */
  rate: number;
  /** Days since 1970. */
  day: number;
}

const dayMs = 86_400_000;
const rateUnit = 100_000;

/** @param now milliseconds since 1970 */
export function createMeasurement(bitsPerSecond: number, now: number): Measurement {
  return { rate: Math.round(Math.min(maxBandwidth, Math.max(minBandwidth, bitsPerSecond)) / rateUnit), day: Math.floor(now / dayMs) };
}

/**
 * Bandwidth of a stored measurement in bits per second: unchanged on the same and the next day, halved for a week, then null. Null if it is
 * invalid.
 * @param now milliseconds since 1970
 */
export function storedBandwidth(stored: unknown, now: number): number | null {
  const { rate, day } = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  if (typeof rate !== 'number' || typeof day !== 'number' || !(rate >= minBandwidth / rateUnit && rate <= maxBandwidth / rateUnit))
    return null;
  const age = Math.floor(now / dayMs) - day;
  if (!(age >= 0 && age <= 7)) return null;
  return rate * rateUnit * (age <= 1 ? 1 : 0.5);
}
