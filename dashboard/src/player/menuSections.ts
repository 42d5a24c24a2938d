import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import { qualityName } from './engine';
import { trackName } from './tracks';
import type { PlayerView } from './view';

/** A setting with its options. */
export interface MenuSection {
  key: 'quality' | 'speed' | 'audio' | 'captions';
  title: string;
  /** Label of the selected option. */
  value: string;
  selected: number;
  choices: readonly { id: number; name: string }[];
  select(id: number): void;
}

/** Applies the selected options. */
export interface MenuActions {
  chooseQuality(id: number): void;
  chooseSpeed(speed: number): void;
  chooseAudio(id: number): void;
  chooseCaptions(id: number): void;
}

/** The settings that have more than one option. */
export function menuSections(view: PlayerView, chooser: MenuActions): MenuSection[] {
  if (view.engine === null) return [];
  return [quality(view, chooser), speed(view, chooser), audio(view, chooser), captions(view, chooser)].filter(
    (section) => section !== null,
  );
}

function quality({ engine }: PlayerView, chooser: MenuActions): MenuSection | null {
  if (engine === null || engine.qualities.length === 0) return null;
  const { qualities } = engine;
  const current = qualities.find((one) => one.id === engine.currentQuality);
  const currentName = current === undefined ? null : qualityName(current, qualities, playerText.audioOnly);
  const automatic = engine.chosenQuality === -1 && currentName !== null ? playerText.qualityAutoNow(currentName) : playerText.qualityAuto;
  return section(
    'quality',
    playerText.quality,
    engine.chosenQuality,
    [{ id: -1, name: automatic }, ...qualities.map((one) => ({ id: one.id, name: qualityName(one, qualities, playerText.audioOnly) }))],
    (id) => chooser.chooseQuality(id),
  );
}

function speed(view: PlayerView, chooser: MenuActions): MenuSection | null {
  if (view.speeds.length === 0) return null;
  return section(
    'speed',
    controlsText.speed,
    view.speed,
    view.speeds.map((one) => ({ id: one, name: controlsText.speedName(one) })),
    (id) => chooser.chooseSpeed(id),
  );
}

function audio({ engine }: PlayerView, chooser: MenuActions): MenuSection | null {
  const tracks = engine?.audioTracks ?? [];
  if (tracks.length < 2) return null;
  const choices = tracks.map((track) => ({ id: track.id, name: trackName(track, tracks, controlsText.audioNumber) }));
  return section('audio', controlsText.audio, engine?.chosenAudio ?? -1, choices, (id) => chooser.chooseAudio(id));
}

function captions({ captions: tracks, chosenCaptions }: PlayerView, chooser: MenuActions): MenuSection | null {
  if (tracks.length === 0) return null;
  return section(
    'captions',
    controlsText.captions,
    chosenCaptions,
    [
      { id: -1, name: controlsText.captionsOff },
      ...tracks.map((track) => ({ id: track.id, name: trackName(track, tracks, controlsText.captionsNumber) })),
    ],
    (id) => chooser.chooseCaptions(id),
  );
}

function section(
  key: MenuSection['key'],
  title: string,
  selected: number,
  choices: MenuSection['choices'],
  select: (id: number) => void,
): MenuSection {
  return { key, title, selected, choices, select, value: choices.find((one) => one.id === selected)?.name ?? '' };
}
