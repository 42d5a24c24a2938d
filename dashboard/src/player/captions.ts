import { type Track, languageOf } from './tracks';
import { loadPreferences, savePreferences } from './preferences';

/**
 * Captions of a stream: subtitles, or CEA-608 in the video. Off by default; the selection is stored by language.
 * Engines expose both as text tracks, which the browser renders.
 */
export class Captions {
  private readonly video: HTMLVideoElement;
  private language = loadPreferences().captions;
  private lastLanguage = this.language;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  get tracks(): readonly Track[] {
    return this.list.map((track, id) => ({ id, label: track.label, language: track.language === '' ? null : track.language }));
  }

  /**
   * Id of the selected track, -1 for none. If captions are enabled and only one track exists, it is selected regardless of its language.
   */
  get chosen(): number {
    if (this.language === null) return -1;
    const { tracks } = this;
    return tracks.find((track) => languageOf(track) === this.language)?.id ?? (tracks.length === 1 ? 0 : -1);
  }

  /** @param id track id, -1 for none */
  choose(id: number): void {
    const track = this.tracks.find((one) => one.id === id);
    this.language = track === undefined ? null : languageOf(track);
    this.lastLanguage = this.language ?? this.lastLanguage;
    savePreferences({ captions: this.language });
    this.apply();
  }

  /** Enables the last selected track, or else the first; disables captions if they are on. */
  toggle(): void {
    const { tracks } = this;
    if (tracks.length > 0) this.choose(this.chosen >= 0 ? -1 : tracks.find((track) => languageOf(track) === this.lastLanguage)?.id ?? 0);
  }

  /** Tracks may appear with their first cue. Tracks that are not selected are hidden, even if the stream enables them. */
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
