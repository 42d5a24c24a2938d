/** Safari's API. */
interface AppleVideo extends HTMLVideoElement {
  webkitSupportsPresentationMode?(mode: string): boolean;
  webkitSetPresentationMode?(mode: string): void;
  readonly webkitPresentationMode?: string;
}

/** Picture-in-picture, where pages can request it. Firefox has its own button. */
export class PictureInPicture {
  private readonly video: AppleVideo;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  get isAvailable(): boolean {
    return document.pictureInPictureEnabled || this.video.webkitSupportsPresentationMode?.('picture-in-picture') === true;
  }

  get isActive(): boolean {
    return document.pictureInPictureElement === this.video || this.video.webkitPresentationMode === 'picture-in-picture';
  }

  toggle(): void {
    // Rejected without video or a user gesture.
    if (document.pictureInPictureEnabled) {
      (this.isActive ? document.exitPictureInPicture() : this.video.requestPictureInPicture()).catch(() => undefined);
    } else {
      this.video.webkitSetPresentationMode?.(this.isActive ? 'inline' : 'picture-in-picture');
    }
  }
}
