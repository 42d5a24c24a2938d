import { type BandwidthHints, firstEstimate, createMeasurement, storedBandwidth, transferRate } from './bandwidth';

interface NetworkInformation {
  /** Megabits per second, rounded and at most 10. */
  readonly downlink?: number;
  readonly saveData?: boolean;
}

const key = 'broadcast.line';
/** Number of fragments between stored measurements. */
const storeEveryFragments = 4;

/** The last measurement of this page; used if storage is unavailable. */
let measured: number | null = null;

/** The bandwidth estimate for the initial quality of a stream, in bits per second. */
export function initialBandwidth(): number {
  return firstEstimate(readHints());
}

/** Stores the measured bandwidth during playback. */
export class BandwidthHistory {
  private fragments = 0;

  /** Called for each loaded fragment. */
  onFragment(bitsPerSecond: number): void {
    if (!(bitsPerSecond > 0) || !Number.isFinite(bitsPerSecond) || ++this.fragments % storeEveryFragments !== 0) return;
    measured = bitsPerSecond;
    try {
      localStorage.setItem(key, JSON.stringify(createMeasurement(bitsPerSecond, Date.now())));
    } catch {
      // Storage is full or blocked.
    }
  }
}

function readHints(): BandwidthHints {
  const connection = (navigator as Navigator & { readonly connection?: NetworkInformation }).connection;
  const scriptTransfer = measured === null ? transferRate(performance.getEntriesByType('resource') as PerformanceResourceTiming[]) : null;
  const downlink = connection?.downlink;
  return {
    scriptTransfer,
    previousStream: measured ?? readStored(),
    browserEstimate: typeof downlink === 'number' && downlink > 0 ? downlink * 1_000_000 : null,
    savesData: connection?.saveData === true,
  };
}

function readStored(): number | null {
  try {
    return storedBandwidth(JSON.parse(localStorage.getItem(key) ?? 'null'), Date.now());
  } catch {
    return null;
  }
}
