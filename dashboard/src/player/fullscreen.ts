/** iPhones have no full screen for elements, only for the video. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
}

/** Full screen of the stage with its controls, or of the bare video where a browser has nothing better. */
export class Fullscreen {
  private readonly stage: HTMLElement;
  private readonly video: AppleVideo;

  constructor(stage: HTMLElement, video: HTMLVideoElement) {
    this.stage = stage;
    this.video = video;
  }

  get available(): boolean {
    return document.fullscreenEnabled || typeof this.video.webkitEnterFullscreen === 'function';
  }

  get active(): boolean {
    return document.fullscreenElement === this.stage;
  }

  toggle(): void {
    if (this.active) void document.exitFullscreen();
    else if (document.fullscreenEnabled) this.stage.requestFullscreen().catch(() => undefined);
    else this.video.webkitEnterFullscreen?.();
  }
}
