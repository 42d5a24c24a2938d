/** A rendition of sound or captions that can be chosen. */
export interface Track {
  id: number;
  /** What the stream calls it, may be empty. */
  label: string;
  /** BCP 47, null where it is not told. */
  language: string | null;
}

/** What a choice is remembered by: the language, and else the name. */
export function languageOf(track: Track): string {
  return track.language ?? track.label;
}

/** What the menu calls a track: its language in the viewer's own, with its name where two have the same. */
export function trackName(track: Track, all: readonly Track[], unnamed: (number: number) => string): string {
  const base = plainName(track);
  if (base === '') return unnamed(all.indexOf(track) + 1);
  const twin = all.some((other) => other.id !== track.id && plainName(other) === base);
  return twin && track.label !== '' && track.label !== base ? `${base} (${track.label})` : base;
}

function plainName({ label, language }: Track): string {
  if (language === null || language === 'und') return label;
  try {
    // What is no language at all is returned as it is.
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(language) ?? label;
  } catch {
    return label === '' ? language : label;
  }
}
