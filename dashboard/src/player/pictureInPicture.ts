/** Safari's own way. */
interface AppleVideo extends HTMLVideoElement {
  webkitSupportsPresentationMode?(mode: string): boolean;
  webkitSetPresentationMode?(mode: string): void;
  readonly webkitPresentationMode?: string;
}

/** The picture in a small window above all others, where the browser lets a page ask for it. Firefox has a button of its own. */
export class PictureInPicture {
  private readonly video: AppleVideo;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  get available(): boolean {
    return document.pictureInPictureEnabled || this.video.webkitSupportsPresentationMode?.('picture-in-picture') === true;
  }

  get active(): boolean {
    return document.pictureInPictureElement === this.video || this.video.webkitPresentationMode === 'picture-in-picture';
  }

  toggle(): void {
    // Refused without a picture or without a person's touch: then nothing happens.
    if (document.pictureInPictureEnabled) {
      (this.active ? document.exitPictureInPicture() : this.video.requestPictureInPicture()).catch(() => undefined);
    } else {
      this.video.webkitSetPresentationMode?.(this.active ? 'inline' : 'picture-in-picture');
    }
  }
}
