/** What a viewer chose last time. An embed in a page that forbids storage forgets it, and that is all. */
export interface Preferences {
  volume: number;
  muted: boolean;
}

const key = 'broadcast.player';

export function loadPreferences(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, unknown>;
    const volume = typeof stored.volume === 'number' ? Math.min(1, Math.max(0, stored.volume)) : 1;
    return { volume: Number.isFinite(volume) ? volume : 1, muted: stored.muted === true };
  } catch {
    return { volume: 1, muted: false };
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(key, JSON.stringify(preferences));
  } catch {
    // Full or forbidden.
  }
}
