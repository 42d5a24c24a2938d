/** Viewers do not find the browser's own unmute button this soon after playback starts, in ms. Browsers revert it within this time. */
const gestureGraceMs = 2000;

/** After overruling the browser, check this often whether playback advances, every so many ms. */
const maxChecks = 5;
const checkIntervalMs = 1000;

/**
 * Whether the browser loses the muted state. WebKit for Linux and similar systems does (WebKitGTK, WPE); Apple's builds and other engines
 * do not.
 */
export function losesMutedState(userAgent: string): boolean {
  return (
    /AppleWebKit\//.test(userAgent) &&
    /\b(?:X11|Linux)\b/.test(userAgent) &&
    !/Chrom(?:e|ium)|Edg|; Android|Mac OS|Windows|jsdom/.test(userAgent)
  );
}

/**
 * Keeps the video muted where the browser does not. WebKitGTK unmutes on each start, seek and end of a stream, and then stops playback,
 * because the page may not play audio. Unmuting by the viewer with the browser's own controls is kept. In other browsers this class only
 * sets `muted`.
 */
export class AutoplayMute {
  private readonly video: HTMLVideoElement;
  private shouldBeMuted = false;
  /** Whether playback was running before a pause event. */
  private wasPlaying = false;
  /** Until then (`performance.now()`), only the browser itself unmutes. */
  private ignoreUnmuteUntil = Number.POSITIVE_INFINITY;
  /** When the video was unmuted, apparently by the viewer. */
  private unmutedAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly losesMuted: boolean;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    this.losesMuted = losesMutedState(navigator.userAgent);
    if (!this.losesMuted) return;
    video.addEventListener('volumechange', () => this.enforce());
    video.addEventListener('play', () => {
      this.wasPlaying = true;
    });
    video.addEventListener('pause', () => {
      if (!this.revertUnmute()) this.wasPlaying = false;
    });
    for (const event of ['emptied', 'seeking', 'waiting']) {
      video.addEventListener(event, () => {
        this.revertUnmute();
        this.ignoreUnmuteUntil = Number.POSITIVE_INFINITY;
      });
    }
    for (const event of ['seeked', 'playing'])
      video.addEventListener(event, () => {
        this.ignoreUnmuteUntil = performance.now() + gestureGraceMs;
      });
  }

  /** Sets the muted state. */
  set(isMuted: boolean): void {
    this.shouldBeMuted = isMuted;
    this.unmutedAt = Number.NEGATIVE_INFINITY;
    this.video.muted = isMuted;
  }

  /** Call when the browser may have unmuted the video. */
  enforce(): void {
    const { video } = this;
    if (!this.losesMuted || !this.shouldBeMuted || video.muted) return;
    if (video.readyState < 3 || video.paused || performance.now() < this.ignoreUnmuteUntil) return this.restoreMute();
    this.shouldBeMuted = false;
    this.unmutedAt = performance.now();
  }

  /** Reverts an unmute that was followed by a stop: the browser did both. */
  private revertUnmute(): boolean {
    if (this.video.muted || performance.now() - this.unmutedAt > gestureGraceMs) return false;
    // A recent user gesture means that the viewer did both.
    if (navigator.userActivation?.isActive) return false;
    this.restoreMute();
    return true;
  }

  private restoreMute(): void {
    this.set(true);
    if (this.wasPlaying && this.video.paused) this.play();
    this.checkPlayback(maxChecks, this.video.currentTime);
  }

  /** WebKitGTK may stop its pipeline without an event. Restarts playback that should advance but does not. */
  private checkPlayback(remainingChecks: number, lastTime: number): void {
    clearTimeout(this.timer);
    if (remainingChecks === 0) return;
    this.timer = setTimeout(() => {
      const { video } = this;
      // Paused on purpose, to buffer on a slow connection.
      if (video.playbackRate === 0) return this.checkPlayback(remainingChecks, video.currentTime);
      if (!video.paused && !video.seeking && video.readyState >= 3 && video.currentTime === lastTime) {
        video.pause();
        this.play();
      }
      this.checkPlayback(remainingChecks - 1, video.currentTime);
    }, checkIntervalMs);
  }

  /** Fails if nothing can be played; the next attachment plays then. */
  private play(): void {
    void this.video.play().catch(() => undefined);
  }
}
