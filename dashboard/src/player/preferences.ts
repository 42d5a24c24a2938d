/** The viewer's stored preferences. Without storage, defaults apply. */
export interface Preferences {
  volume: number;
  muted: boolean;
  /** Language of the captions, null for none. */
  captions: string | null;
  /** Language of the audio, null for the stream's default. */
  audio: string | null;
}

const key = 'broadcast.player';

export function loadPreferences(): Preferences {
  try {
    return readPreferences(JSON.parse(localStorage.getItem(key) ?? '{}'));
  } catch {
    return readPreferences({});
  }
}

/** Parses stored preferences of any version. Invalid values are ignored. */
export function readPreferences(body: unknown): Preferences {
  const stored = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const volume = typeof stored.volume === 'number' ? Math.min(1, Math.max(0, stored.volume)) : 1;
  return {
    volume: Number.isFinite(volume) ? volume : 1,
    muted: stored.muted === true,
    captions: typeof stored.captions === 'string' ? stored.captions : null,
    audio: typeof stored.audio === 'string' ? stored.audio : null,
  };
}

/** Merges changes into the stored preferences. */
export function savePreferences(changes: Partial<Preferences>): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadPreferences(), ...changes }));
  } catch {
    // Storage is full or blocked.
  }
}
