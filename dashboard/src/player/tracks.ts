/** An audio or caption rendition. */
export interface Track {
  id: number;
  /** Name in the stream; may be empty. */
  label: string;
  /** BCP 47, null if unknown. */
  language: string | null;
}

/** The key of a stored selection: the language, or else the label. */
export function languageOf(track: Track): string {
  return track.language ?? track.label;
}

/** The menu label of a track: its language in the viewer's language, with its label if two would be equal. */
export function trackName(track: Track, all: readonly Track[], unnamed: (number: number) => string): string {
  const base = plainName(track);
  if (base === '') return unnamed(all.indexOf(track) + 1);
  const hasDuplicate = all.some((other) => other.id !== track.id && plainName(other) === base);
  return hasDuplicate && track.label !== '' && track.label !== base ? `${base} (${track.label})` : base;
}

function plainName({ label, language }: Track): string {
  if (language === null || language === 'und') return label;
  try {
    // Invalid languages are returned unchanged.
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(language) ?? label;
  } catch {
    return label === '' ? language : label;
  }
}
