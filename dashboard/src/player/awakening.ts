/** A page that was away for longer may have missed anything. */
const awayMs = 15_000;

/** Notices that the page was away: asleep with its machine, off the network, hidden, or put aside by the browser. */
export class Awakening {
  private hiddenAt = Number.POSITIVE_INFINITY;
  private lastTick = Date.now();

  /**
   * @param awoke after long: everything may be different
   * @param seen after a moment: nothing is wrong, and what is shown may be old
   */
  constructor(awoke: () => void, seen: () => void) {
    window.addEventListener('online', awoke);
    // What was put aside whole comes back as it was, with every timer and request of then.
    window.addEventListener('pageshow', (event) => { if (event.persisted) awoke(); });
    document.addEventListener('visibilitychange', () => {
      const away = Date.now() - this.hiddenAt;
      this.hiddenAt = document.hidden ? Date.now() : Number.POSITIVE_INFINITY;
      if (!document.hidden) (away > awayMs ? awoke : seen)();
    });
  }

  /** Asked again and again. True when it was not, for long: the machine slept, or the browser held the page. The machine's own clock goes on in sleep, the monotonic one need not. */
  tick(): boolean {
    const now = Date.now();
    const slept = now - this.lastTick > awayMs;
    this.lastTick = now;
    return slept;
  }
}
