/** Running this long after a stall, playback knows where it is, in ms. */
const settledAfterMs = 2500;

/** What the line allows just now. */
export interface LineState {
  /** It has just turned out to be too slow, or playback waits for it. */
  holdsUp: boolean;
  /** It is known to be too slow. */
  isSlow: boolean;
}

/** What holds playback to live: who has fallen behind without having chosen to be there is brought back. */
export class Tether {
  /** The viewer paused or went back and so chose to be behind. */
  behindByChoice = false;
  /** A line that is too slow has put it behind: at live it would stand still again. */
  private behindByLine = false;
  private fellBack = false;

  /** Playback stays where it is, behind live or not, and is not brought to live. */
  get isLoose(): boolean {
    return this.behindByChoice || this.behindByLine;
  }

  /** Another stream: nobody is behind in it. */
  reset(): void {
    this.choose(false);
  }

  /** To live from here on, whatever put it behind. */
  tighten(): void {
    this.behindByChoice = false;
    this.behindByLine = false;
  }

  /** The viewer chose a place. */
  choose(behind: boolean): void {
    this.tighten();
    this.behindByChoice = behind;
    this.fellBack = false;
  }

  /** A stream that was begun anew has found a place behind live: the one where it was, or one that was asked for. */
  found(): void {
    if (!this.behindByLine) this.behindByChoice = true;
  }

  /**
   * What the line makes of it, to be told again and again. Held up once, playback is loose until the line is better and it is at live.
   * @param runningFor in ms
   */
  heed({ holdsUp, isSlow }: LineState, isBehindLive: boolean, runningFor: number): void {
    if (holdsUp) this.behindByLine = true;
    // A stream that has just begun anew does not know yet where live is.
    else if (!isSlow && !isBehindLive && runningFor > settledAfterMs) this.behindByLine = false;
  }

  /** Playback stood still, or may have. True when it has been checked against live since it last did. */
  fall(): boolean {
    const isNews = !this.fellBack;
    this.fellBack = true;
    return isNews;
  }

  /**
   * Playback runs again. True, once, when it is time to check it against live: not at once, because the playlist that says where live
   * is now may still be on its way.
   * @param runningFor in ms
   */
  settle(runningFor: number): boolean {
    if (!this.fellBack || runningFor <= settledAfterMs) return false;
    this.fellBack = false;
    return !this.isLoose;
  }
}
