import { type LineHints, firstEstimate, measurementOf, recalled, transferRate } from './bandwidth';

interface NetworkInformation {
  /** Megabits per second, rounded and at most 10. */
  readonly downlink?: number;
  readonly saveData?: boolean;
}

const key = 'broadcast.line';
/** Fragments after which a measurement is worth keeping, and again after each so many. */
const fragmentsUntilKept = 4;

/** What this page measured last; where nothing may be stored it holds for the next stream of the same page. */
let measured: number | null = null;

/** With how many bits per second the first quality of a stream is chosen, from all that is known of this line. */
export function estimateOfLine(): number {
  return firstEstimate(hints());
}

/** Remembers how fast a line is while a stream plays. */
export class LineMemory {
  private fragments = 0;

  /** A fragment was loaded. */
  loaded(bitsPerSecond: number): void {
    if (!(bitsPerSecond > 0) || !Number.isFinite(bitsPerSecond) || ++this.fragments % fragmentsUntilKept !== 0) return;
    measured = bitsPerSecond;
    try {
      localStorage.setItem(key, JSON.stringify(measurementOf(bitsPerSecond, Date.now())));
    } catch {
      // Full or forbidden.
    }
  }
}

function hints(): LineHints {
  const connection = (navigator as Navigator & { readonly connection?: NetworkInformation }).connection;
  const scripts = measured === null ? transferRate(performance.getEntriesByType('resource') as PerformanceResourceTiming[]) : null;
  const downlink = connection?.downlink;
  return {
    scripts,
    remembered: measured ?? stored(),
    guessed: typeof downlink === 'number' && downlink > 0 ? downlink * 1_000_000 : null,
    savesData: connection?.saveData === true,
  };
}

function stored(): number | null {
  try {
    return recalled(JSON.parse(localStorage.getItem(key) ?? 'null'), Date.now());
  } catch {
    return null;
  }
}
