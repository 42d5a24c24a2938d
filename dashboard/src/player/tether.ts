/** Running this long after a stall, playback knows where it is, in ms. */
const settledAfterMs = 2500;

/** What holds playback to live: who has fallen behind without having chosen to be there is brought back. */
export class Tether {
  /** The viewer paused or went back and so chose to be behind; otherwise playback returns to live after a stall. */
  behindByChoice = false;
  private fellBack = false;

  /** Another stream: nobody is behind in it. */
  reset(): void {
    this.behindByChoice = false;
    this.fellBack = false;
  }

  /** The viewer chose a place. */
  choose(behind: boolean): void {
    this.behindByChoice = behind;
    this.fellBack = false;
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
    return !this.behindByChoice;
  }
}
