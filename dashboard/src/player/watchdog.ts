import { stalledAfterMs } from './phase';

/** The server goes on, we stand still: jump ahead first, then start again. In ms. */
const nudgeAfterMs = 6000;
const stuckAfterMs = 12_000;

/** Playback that stands still though it should move. */
export interface Standstill {
  /** In ms. */
  stalledFor: number;
  /** The viewer is to be at live, not behind it and not in a recording. */
  atLive: boolean;
  /** Something is being done about it already. */
  isMending: boolean;
}

/** Tells what to do about playback that stands still while the server has more. Times in ms of any one clock. */
export class Watchdog {
  private edge: string | null = null;
  private edgeMovedAt = 0;
  private nudged = false;

  /** The server answered. One that names no live edge is taken to go on. */
  heard(liveEdge: string | null, now: number): void {
    if (liveEdge === null || liveEdge !== this.edge) this.edgeMovedAt = now;
    this.edge = liveEdge;
  }

  /** A picture moved, or another stream is attached: the next standstill begins with a jump again. */
  rest(): void {
    this.nudged = false;
  }

  /** `nudge` jumps to live, once a standstill; `restart` begins the stream anew; null waits on. */
  judge({ stalledFor, atLive, isMending }: Standstill, now: number): 'nudge' | 'restart' | null {
    // The encoder is gone: nothing newer exists, so nothing of ours can help who waits for it.
    if (atLive && this.edgeMovedAt < now - stalledFor + stalledAfterMs) return null;
    if (stalledFor > stuckAfterMs && !isMending) return 'restart';
    if (!atLive || stalledFor <= nudgeAfterMs || this.nudged) return null;
    this.nudged = true;
    return 'nudge';
  }
}
