/** iPhones support full screen only for videos, not for elements. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
}

/** Full screen of the stage with its controls, or of the video if the browser supports nothing else. */
export class Fullscreen {
  private readonly stage: HTMLElement;
  private readonly video: AppleVideo;

  constructor(stage: HTMLElement, video: HTMLVideoElement) {
    this.stage = stage;
    this.video = video;
  }

  get isAvailable(): boolean {
    return document.fullscreenEnabled || typeof this.video.webkitEnterFullscreen === 'function';
  }

  get isActive(): boolean {
    return document.fullscreenElement === this.stage;
  }

  toggle(): void {
    if (this.isActive) void document.exitFullscreen();
    else if (document.fullscreenEnabled) this.stage.requestFullscreen().catch(() => undefined);
    else this.video.webkitEnterFullscreen?.();
  }
}
