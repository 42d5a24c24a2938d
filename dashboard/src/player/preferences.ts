/** What a viewer chose last time. An embed in a page that forbids storage forgets it, and that is all. */
export interface Preferences {
  volume: number;
  muted: boolean;
  /** The language of the captions that are shown, null for none. */
  captions: string | null;
  /** The language of the sound, null for the stream's own choice. */
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

/** Whatever was stored, by whichever version: what is not understood is as if it were not there. */
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

/** Keeps what changed; the rest stays as it is. */
export function savePreferences(changed: Partial<Preferences>): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadPreferences(), ...changed }));
  } catch {
    // Full or forbidden.
  }
}
