/** Detects whether playback advances. Times in ms of one clock. */
export class Progress {
  private position = Number.NaN;
  private movedAt: number;
  private movingSince: number | null = null;

  constructor(now: number) {
    this.movedAt = now;
  }

  /** Restarts the measurement: after a pause, or with a new stream. */
  reset(now: number): void {
    this.movedAt = now;
    this.movingSince = null;
  }

  /**
   * @param position seconds of the video
   * @param canMove false while seeking or without data: a seek is not progress
   */
  observe(position: number, canMove: boolean, now: number): boolean {
    const moved = canMove && !Number.isNaN(this.position) && position > this.position;
    this.position = canMove ? position : Number.NaN;
    if (moved) {
      this.movedAt = now;
      this.movingSince ??= now;
    } else if (this.stalledFor(now) > 1500) {
      this.movingSince = null;
    }
    return moved;
  }

  stalledFor(now: number): number {
    return now - this.movedAt;
  }

  movingFor(now: number): number {
    return this.movingSince === null ? 0 : now - this.movingSince;
  }
}
