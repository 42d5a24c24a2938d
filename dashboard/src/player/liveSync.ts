/** Playback time after a stall until the live position is known, in ms. */
const settleMs = 2500;

/** State of the connection. */
export interface ConnectionState {
  /** It has just become too slow, or playback waits for buffering. */
  isHolding: boolean;
  /** It is too slow for the stream. */
  isSlow: boolean;
}

/** Returns playback to live if it has fallen behind unintentionally. */
export class LiveSync {
  /** The viewer paused or seeked back. */
  isBehindByChoice = false;
  /** A slow connection put playback behind live; at live it would stall again. */
  private isBehindByConnection = false;
  private hasFallenBack = false;

  /** Whether playback may stay behind live. */
  get allowsBehind(): boolean {
    return this.isBehindByChoice || this.isBehindByConnection;
  }

  /** For another stream. */
  reset(): void {
    this.setByViewer(false);
  }

  /** Returns to live, whatever the reason for being behind. */
  returnToLive(): void {
    this.isBehindByChoice = false;
    this.isBehindByConnection = false;
  }

  /** The viewer selected a position. */
  setByViewer(isBehind: boolean): void {
    this.returnToLive();
    this.isBehindByChoice = isBehind;
    this.hasFallenBack = false;
  }

  /** A restarted stream begins behind live: at its previous position, or at a requested one. */
  onStartedBehind(): void {
    if (!this.isBehindByConnection) this.isBehindByChoice = true;
  }

  /**
   * Call periodically. After buffering, playback may stay behind live until the connection recovers and playback is at live.
   * @param playingFor in ms
   */
  observe({ isHolding, isSlow }: ConnectionState, isBehindLive: boolean, playingFor: number): void {
    if (isHolding) this.isBehindByConnection = true;
    // A restarted stream does not know its live position yet.
    else if (!isSlow && !isBehindLive && playingFor > settleMs) this.isBehindByConnection = false;
  }

  /** Playback stalled, or may have. True for the first stall since the last check against live. */
  markStalled(): boolean {
    const isFirst = !this.hasFallenBack;
    this.hasFallenBack = true;
    return isFirst;
  }

  /**
   * Whether playback should now return to live; true once per stall. Delayed, because the playlist that contains the live position may
   * still be loading.
   * @param playingFor in ms
   */
  shouldReturnToLive(playingFor: number): boolean {
    if (!this.hasFallenBack || playingFor <= settleMs) return false;
    this.hasFallenBack = false;
    return !this.allowsBehind;
  }
}
