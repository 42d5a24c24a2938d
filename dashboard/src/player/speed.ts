/** What can be chosen, in times of the ordinary. */
export const speeds: readonly number[] = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** What is played: something as it happens, or something that was kept. */
export type Mode = 'live' | 'replay';

/** Nobody can be faster than live; slower would only fall behind unseen. So at the edge there is nothing to choose. */
export function offeredSpeeds(mode: Mode, behindLive: boolean): readonly number[] {
  return mode === 'replay' || behindLive ? speeds : [];
}

/** The speed to play with, of the one that was chosen: who has caught up with live goes on with it. */
export function allowedSpeed(chosen: number, mode: Mode, behindLive: boolean): number {
  return offeredSpeeds(mode, behindLive).includes(chosen) ? chosen : 1;
}

/** One step faster or slower. */
export function nextSpeed(current: number, steps: 1 | -1): number {
  const at = speeds.indexOf(current);
  return speeds[Math.min(speeds.length - 1, Math.max(0, (at < 0 ? speeds.indexOf(1) : at) + steps))] ?? 1;
}

/** Plays the video with the chosen speed. */
export class Speed {
  /** Times of the ordinary. */
  chosen = 1;
  private readonly video: HTMLVideoElement;
  private applied = 1;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  /** Brings choice and video together. At the ordinary speed the engine may hasten a little to stay with live, and is left alone. */
  apply(mode: Mode, behindLive: boolean): void {
    this.chosen = allowedSpeed(this.chosen, mode, behindLive);
    if (this.chosen === 1 && this.applied === 1) return;
    // A new stream begins at the ordinary speed.
    if (this.video.playbackRate !== this.chosen) this.video.playbackRate = this.chosen;
    this.applied = this.chosen;
  }
}
