/** Watches whether time moves on in the video. Times in ms of any one clock. */
export class Progress {
  private position = Number.NaN;
  private movedAt: number;
  private movingSince: number | null = null;

  constructor(now: number) {
    this.movedAt = now;
  }

  /** From here on it is expected to move: after a pause, or with a new stream. */
  expect(now: number): void {
    this.movedAt = now;
    this.movingSince = null;
  }

  /**
   * @param position seconds in the video
   * @param canMove false while the video seeks or has nothing to show: a jump is not progress
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
