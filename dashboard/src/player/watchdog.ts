import { stalledAfterMs } from './phase';

/** If playback stalls while the server has new media: seek to live first, then restart. In ms. */
const nudgeAfterMs = 6000;
const stuckAfterMs = 12_000;

/** A playback stall. */
export interface StallInfo {
  /** In ms. */
  stalledFor: number;
  /** Whether playback should be at live, not behind and not in a recording. */
  isAtLive: boolean;
  /** Whether recovery is in progress. */
  isRecovering: boolean;
}

/** Decides what to do about a stall while the server has more media. Times in ms of one clock. */
export class Watchdog {
  private liveEdge: string | null = null;
  private liveEdgeMovedAt = 0;
  private hasJumped = false;

  /** Records the live edge of a status response. Without one, the stream counts as advancing. */
  recordLiveEdge(liveEdge: string | null, now: number): void {
    if (liveEdge === null || liveEdge !== this.liveEdge) this.liveEdgeMovedAt = now;
    this.liveEdge = liveEdge;
  }

  /** Playback advanced, or another stream is attached: the next stall starts with a seek. */
  reset(): void {
    this.hasJumped = false;
  }

  /** `nudge` seeks to live, once per stall; `restart` restarts the stream; null waits. */
  evaluate({ stalledFor, isAtLive, isRecovering }: StallInfo, now: number): 'nudge' | 'restart' | null {
    // The encoder is disconnected: no new media exists, so seeking does not help.
    if (isAtLive && this.liveEdgeMovedAt < now - stalledFor + stalledAfterMs) return null;
    if (stalledFor > stuckAfterMs && !isRecovering) return 'restart';
    if (!isAtLive || stalledFor <= nudgeAfterMs || this.hasJumped) return null;
    this.hasJumped = true;
    return 'nudge';
  }
}
