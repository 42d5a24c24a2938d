import { loadPreferences, savePreferences } from './preferences';
import { AutoplayMute } from './autoplayMute';

/** Volume: the stored preference, limited by the browser's autoplay policy. */
export class Volume {
  /** The browser allowed only muted playback. */
  mutedByBrowser = false;
  private readonly video: HTMLVideoElement;
  private readonly autoplayMute: AutoplayMute;
  private readonly mutedByPage: boolean;

  constructor(video: HTMLVideoElement, mutedByPage: boolean) {
    this.video = video;
    this.autoplayMute = new AutoplayMute(video);
    this.mutedByPage = mutedByPage;
    this.restore();
  }

  /** Restores the stored volume. A user gesture may have lifted the autoplay restriction. */
  restore(): void {
    const { volume, muted } = loadPreferences();
    this.video.volume = volume;
    this.autoplayMute.set(muted || this.mutedByPage);
    this.mutedByBrowser = false;
  }

  /** Plays, muted if the browser requires it. False if the browser requires a user gesture. */
  async play(): Promise<boolean> {
    if (await this.playIfAllowed()) return true;
    if (this.video.muted) return false;
    this.autoplayMute.set(true);
    this.mutedByBrowser = await this.playIfAllowed();
    this.autoplayMute.enforce();
    return this.mutedByBrowser;
  }

  toggleMute(): void {
    this.setMuted(!this.video.muted);
  }

  setMuted(muted: boolean): void {
    this.autoplayMute.set(muted);
    if (!muted && this.video.volume === 0) this.video.volume = 0.5;
    this.savePreference();
  }

  setVolume(volume: number): void {
    // Rounded to hundredths, so that ten steps of 0.1 reach exactly 0.
    this.video.volume = Math.round(Math.min(1, Math.max(0, volume)) * 100) / 100;
    this.autoplayMute.set(this.video.volume === 0);
    this.savePreference();
  }

  /** @param change of the volume, which ranges from 0 to 1. Louder also unmutes; quieter has no effect while muted. */
  changeVolume(change: number): void {
    if (change < 0 && this.video.muted) return;
    this.setVolume(this.video.volume + change);
  }

  private async playIfAllowed(): Promise<boolean> {
    try {
      await this.video.play();
    } catch (error) {
      // Other errors, such as a stream change, do not mean that playback is blocked.
      return !(error instanceof DOMException && error.name === 'NotAllowedError');
    }
    return true;
  }

  private savePreference(): void {
    this.mutedByBrowser = false;
    savePreferences({ volume: this.video.volume, muted: this.video.muted });
  }
}
