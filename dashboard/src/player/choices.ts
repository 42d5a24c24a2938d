import { Captions } from './captions';
import type { Engine } from './engine';
import { savePreferences } from './preferences';
import { type Mode, Speed, nextSpeed } from './speed';
import { languageOf } from './tracks';

/** What a viewer chose of quality, speed, sound and captions, and the doing of it. */
export class Choices {
  readonly captions: Captions;
  private readonly pace: Speed;
  private readonly engine: () => Engine | null;
  private readonly changed: () => void;

  /** @param changed is called after each choice */
  constructor(video: HTMLVideoElement, engine: () => Engine | null, changed: () => void) {
    this.captions = new Captions(video);
    this.pace = new Speed(video);
    this.engine = engine;
    this.changed = changed;
    for (const event of ['addtrack', 'change']) video.textTracks.addEventListener(event, () => this.captions.apply());
  }

  /** Times of the ordinary. */
  get speed(): number {
    return this.pace.chosen;
  }

  /** For another stream: speed is chosen for each. */
  reset(): void {
    this.pace.chosen = 1;
  }

  /** Brings video and engine to what was chosen. True when a faster one has just caught up with live, and ended. */
  apply(mode: Mode, behindLive: boolean): boolean {
    const chosen = this.pace.chosen;
    this.pace.apply(mode, behindLive);
    this.engine()?.followLive(mode === 'live' && this.pace.chosen === 1);
    this.captions.apply();
    return mode === 'live' && chosen > 1 && this.pace.chosen === 1;
  }

  chooseQuality(id: number): void {
    this.engine()?.chooseQuality(id);
    this.changed();
  }

  chooseSpeed(speed: number): void {
    this.pace.chosen = speed;
    this.changed();
  }

  changeSpeed(steps: 1 | -1): void {
    this.chooseSpeed(nextSpeed(this.pace.chosen, steps));
  }

  chooseAudio(id: number): void {
    const engine = this.engine();
    const track = engine?.audioTracks.find((one) => one.id === id);
    engine?.chooseAudio(id);
    if (track !== undefined) savePreferences({ audio: languageOf(track) });
    this.changed();
  }

  chooseCaptions(id: number): void {
    this.captions.choose(id);
    this.changed();
  }

  toggleCaptions(): void {
    this.captions.toggle();
    this.changed();
  }
}
