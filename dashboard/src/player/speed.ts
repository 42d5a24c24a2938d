/** Selectable playback rates. */
export const speeds: readonly number[] = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** Live stream or recording. */
export type Mode = 'live' | 'replay';

/** Available playback rates. None at live: faster is impossible, and slower would fall behind unnoticed. */
export function offeredSpeeds(mode: Mode, behindLive: boolean): readonly number[] {
  return mode === 'replay' || behindLive ? speeds : [];
}

/** The playback rate to apply; 1 after catching up with live. */
export function allowedSpeed(chosen: number, mode: Mode, behindLive: boolean): number {
  return offeredSpeeds(mode, behindLive).includes(chosen) ? chosen : 1;
}

/** The next faster or slower rate. */
export function nextSpeed(current: number, steps: 1 | -1): number {
  const at = speeds.indexOf(current);
  return speeds[Math.min(speeds.length - 1, Math.max(0, (at < 0 ? speeds.indexOf(1) : at) + steps))] ?? 1;
}

/** Applies the selected playback rate. */
export class Speed {
  /** Playback rate. */
  chosen = 1;
  private readonly video: HTMLVideoElement;
  private applied = 1;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  /** Applies the rate to the video. At 1 the engine may catch up with live, so the rate is left alone. */
  apply(mode: Mode, behindLive: boolean): void {
    this.chosen = allowedSpeed(this.chosen, mode, behindLive);
    if (this.chosen === 1 && this.applied === 1) return;
    // A new stream starts at rate 1.
    if (this.video.playbackRate !== this.chosen) this.video.playbackRate = this.chosen;
    this.applied = this.chosen;
  }
}
