/** Nobody finds a browser's own button for the sound within so many ms of a picture's begin; and what a browser undoes, it undoes this soon. */
const handsOffMs = 2000;

/** After the browser was overruled it is looked at so often, every so many ms, whether the picture moves. */
const looks = 5;
const lookEveryMs = 1000;

/** Whether a browser forgets what is to be silent: WebKit's builds for Linux and its like do (WebKitGTK, WPE), Apple's do not, nor does any other engine. */
export function forgetsSilence(userAgent: string): boolean {
  return /AppleWebKit\//.test(userAgent) && /\b(?:X11|Linux)\b/.test(userAgent) && !/Chrom(?:e|ium)|Edg|; Android|Mac OS|Windows|jsdom/.test(userAgent);
}

/**
 * Keeps silent what is to be silent. WebKitGTK forgets it with every begin, jump and end of a stream, and then stops playback, because nobody allowed it to be loud.
 * What a person does by the browser's own means stands: there playback goes on. In all other browsers only a person makes it loud, and nothing is looked after.
 */
export class Silence {
  private readonly video: HTMLVideoElement;
  private wanted = false;
  /** It played, as far as anybody wanted. */
  private ran = false;
  /** Until then (`performance.now()`) only the browser itself makes it loud. */
  private handsOffUntil = Number.POSITIVE_INFINITY;
  /** When it was made loud, by a person as it seemed. */
  private loudAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly isForgetful: boolean;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    this.isForgetful = forgetsSilence(navigator.userAgent);
    if (!this.isForgetful) return;
    video.addEventListener('volumechange', () => this.keep());
    video.addEventListener('play', () => { this.ran = true; });
    video.addEventListener('pause', () => { if (!this.undo()) this.ran = false; });
    for (const event of ['emptied', 'seeking', 'waiting']) {
      video.addEventListener(event, () => {
        this.undo();
        this.handsOffUntil = Number.POSITIVE_INFINITY;
      });
    }
    for (const event of ['seeked', 'playing']) video.addEventListener(event, () => { this.handsOffUntil = performance.now() + handsOffMs; });
  }

  /** What is wanted from here on. */
  set(silent: boolean): void {
    this.wanted = silent;
    this.loudAt = Number.NEGATIVE_INFINITY;
    this.video.muted = silent;
  }

  /** To be asked where the browser may just have forgotten. */
  keep(): void {
    const { video } = this;
    if (!this.isForgetful || !this.wanted || video.muted) return;
    if (video.readyState < 3 || video.paused || performance.now() < this.handsOffUntil) return this.hush();
    this.wanted = false;
    this.loudAt = performance.now();
  }

  /** It was made loud and stopped at once: that was no person. */
  private undo(): boolean {
    if (this.video.muted || performance.now() - this.loudAt > handsOffMs) return false;
    // Unless it was: somebody has just touched the page.
    if (navigator.userActivation?.isActive) return false;
    this.hush();
    return true;
  }

  private hush(): void {
    this.set(true);
    if (this.ran && this.video.paused) this.play();
    this.lookAfter(looks, this.video.currentTime);
  }

  /** WebKitGTK may have stopped its pipeline without a word: a picture that is to move, has what it needs and stands still is played once more. */
  private lookAfter(left: number, from: number): void {
    clearTimeout(this.timer);
    if (left === 0) return;
    this.timer = setTimeout(() => {
      const { video } = this;
      // It stands still on purpose, until a slow line has brought more.
      if (video.playbackRate === 0) return this.lookAfter(left, video.currentTime);
      if (!video.paused && !video.seeking && video.readyState >= 3 && video.currentTime === from) {
        video.pause();
        this.play();
      }
      this.lookAfter(left - 1, video.currentTime);
    }, lookEveryMs);
  }

  /** Refused where there is nothing to play: whoever attaches the next stream plays it. */
  private play(): void {
    void this.video.play().catch(() => undefined);
  }
}
