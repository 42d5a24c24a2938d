import { type Track, languageOf } from './tracks';
import { loadPreferences, savePreferences } from './preferences';

/**
 * The captions that a stream brings along, as subtitles or in its pictures (CEA-608). Off until a viewer wants them; the choice is kept by language.
 * Engines make the browser's own text tracks of both, and the browser draws them.
 */
export class Captions {
  private readonly video: HTMLVideoElement;
  private wanted = loadPreferences().captions;
  private last = this.wanted;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  get tracks(): readonly Track[] {
    return this.list.map((track, id) => ({ id, label: track.label, language: track.language === '' ? null : track.language }));
  }

  /** -1 for none. Who wants captions has the only ones that there are, whatever they are called here. */
  get chosen(): number {
    if (this.wanted === null) return -1;
    const { tracks } = this;
    return tracks.find((track) => languageOf(track) === this.wanted)?.id ?? (tracks.length === 1 ? 0 : -1);
  }

  /** @param id of a track, -1 for none */
  choose(id: number): void {
    const track = this.tracks.find((one) => one.id === id);
    this.wanted = track === undefined ? null : languageOf(track);
    this.last = this.wanted ?? this.last;
    savePreferences({ captions: this.wanted });
    this.apply();
  }

  /** On with what was on last, or else with the first; off again. */
  toggle(): void {
    const { tracks } = this;
    if (tracks.length > 0) this.choose(this.chosen >= 0 ? -1 : tracks.find((track) => languageOf(track) === this.last)?.id ?? 0);
  }

  /** Tracks come when their first words do. What is off is not drawn, whatever the stream says of it. */
  apply(): void {
    const { chosen } = this;
    this.list.forEach((track, id) => {
      if (id === chosen) {
        if (track.mode !== 'showing') track.mode = 'showing';
      } else if (track.mode === 'showing') {
        track.mode = 'disabled';
      }
    });
  }

  private get list(): TextTrack[] {
    return [...this.video.textTracks].filter((track) => track.kind === 'captions' || track.kind === 'subtitles');
  }
}
