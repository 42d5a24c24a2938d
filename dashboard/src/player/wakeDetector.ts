/** Longer absence may have missed any event, in ms. */
const absenceMs = 15_000;

/** Detects that the page was inactive: suspended, offline, hidden, or in the back/forward cache. */
export class WakeDetector {
  private hiddenAt = Number.POSITIVE_INFINITY;
  private lastTick = Date.now();

  /**
   * @param onWake after long absence: all state may be outdated
   * @param onVisible after short absence: the displayed state may be old
   */
  constructor(onWake: () => void, onVisible: () => void) {
    window.addEventListener('online', onWake);
    // A page from the back/forward cache resumes with its old timers and requests.
    window.addEventListener('pageshow', (event) => { if (event.persisted) onWake(); });
    document.addEventListener('visibilitychange', () => {
      const absentFor = Date.now() - this.hiddenAt;
      this.hiddenAt = document.hidden ? Date.now() : Number.POSITIVE_INFINITY;
      if (!document.hidden) (absentFor > absenceMs ? onWake : onVisible)();
    });
  }

  /** Call periodically. True if calls were suspended for long. Uses the wall clock: the monotonic clock may stop during sleep. */
  tick(): boolean {
    const now = Date.now();
    const slept = now - this.lastTick > absenceMs;
    this.lastTick = now;
    return slept;
  }
}
