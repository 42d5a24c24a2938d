import { Captions } from './captions';
import type { Engine } from './engine';
import { savePreferences } from './preferences';
import { type Mode, Speed, nextSpeed } from './speed';
import { languageOf } from './tracks';

/** The viewer's selection of quality, speed, audio and captions. */
export class Choices {
  readonly captions: Captions;
  private readonly speedControl: Speed;
  private readonly engine: () => Engine | null;
  private readonly onChange: () => void;

  /** @param onChange called after each selection */
  constructor(video: HTMLVideoElement, engine: () => Engine | null, onChange: () => void) {
    this.captions = new Captions(video);
    this.speedControl = new Speed(video);
    this.engine = engine;
    this.onChange = onChange;
    for (const event of ['addtrack', 'change']) video.textTracks.addEventListener(event, () => this.captions.apply());
  }

  /** Selected playback rate. */
  get speed(): number {
    return this.speedControl.chosen;
  }

  /** For another stream: the playback rate is not kept. */
  reset(): void {
    this.speedControl.chosen = 1;
  }

  /** Applies the selection to video and engine. True if faster playback has just caught up with live and was reset. */
  apply(mode: Mode, behindLive: boolean): boolean {
    const chosen = this.speedControl.chosen;
    this.speedControl.apply(mode, behindLive);
    this.engine()?.followLive(mode === 'live' && this.speedControl.chosen === 1);
    this.captions.apply();
    return mode === 'live' && chosen > 1 && this.speedControl.chosen === 1;
  }

  chooseQuality(id: number): void {
    this.engine()?.chooseQuality(id);
    this.onChange();
  }

  chooseSpeed(speed: number): void {
    this.speedControl.chosen = speed;
    this.onChange();
  }

  changeSpeed(steps: 1 | -1): void {
    this.chooseSpeed(nextSpeed(this.speedControl.chosen, steps));
  }

  chooseAudio(id: number): void {
    const engine = this.engine();
    const track = engine?.audioTracks.find((one) => one.id === id);
    engine?.chooseAudio(id);
    if (track !== undefined) savePreferences({ audio: languageOf(track) });
    this.onChange();
  }

  chooseCaptions(id: number): void {
    this.captions.choose(id);
    this.onChange();
  }

  toggleCaptions(): void {
    this.captions.toggle();
    this.onChange();
  }
}
