import { loadPreferences, savePreferences } from './preferences';
import { Silence } from './silence';

/** How loud it is, what the viewer chose last time, and what the browser allows without being asked. */
export class Sound {
  /** The browser allowed playback only without sound. */
  mutedByBrowser = false;
  private readonly video: HTMLVideoElement;
  private readonly silence: Silence;
  private readonly mutedByPage: boolean;

  constructor(video: HTMLVideoElement, mutedByPage: boolean) {
    this.video = video;
    this.silence = new Silence(video);
    this.mutedByPage = mutedByPage;
    this.restore();
  }

  /** As loud as last time: what a browser denied may be allowed now that the viewer touched something. */
  restore(): void {
    const { volume, muted } = loadPreferences();
    this.video.volume = volume;
    this.silence.set(muted || this.mutedByPage);
    this.mutedByBrowser = false;
  }

  /** Plays, without sound when that is all the browser allows. False when it allows nothing until a person asks for it. */
  async play(): Promise<boolean> {
    if (await this.playIfAllowed()) return true;
    if (this.video.muted) return false;
    this.silence.set(true);
    this.mutedByBrowser = await this.playIfAllowed();
    this.silence.keep();
    return this.mutedByBrowser;
  }

  toggleMute(): void {
    this.setMuted(!this.video.muted);
  }

  setMuted(muted: boolean): void {
    this.silence.set(muted);
    if (!muted && this.video.volume === 0) this.video.volume = 0.5;
    this.remember();
  }

  setVolume(volume: number): void {
    // Whole hundredths: ten steps of a tenth end at 0 and not beside it.
    this.video.volume = Math.round(Math.min(1, Math.max(0, volume)) * 100) / 100;
    this.silence.set(this.video.volume === 0);
    this.remember();
  }

  /** @param change of the volume, which goes from 0 to 1. Louder also ends muting; quieter while muted changes nothing. */
  changeVolume(change: number): void {
    if (change < 0 && this.video.muted) return;
    this.setVolume(this.video.volume + change);
  }

  private async playIfAllowed(): Promise<boolean> {
    try {
      await this.video.play();
    } catch (error) {
      // Other reasons, such as a stream that changes in the middle, say nothing about what is allowed.
      return !(error instanceof DOMException && error.name === 'NotAllowedError');
    }
    return true;
  }

  private remember(): void {
    this.mutedByBrowser = false;
    savePreferences({ volume: this.video.volume, muted: this.video.muted });
  }
}
