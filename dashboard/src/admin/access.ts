/** Role names of the API, in ascending order of permissions. */
const roles = ['viewer', 'moderator', 'producer', 'admin'];

export function hasRole(role: string, required: 'moderator' | 'producer' | 'admin'): boolean {
  return roles.indexOf(role) >= roles.indexOf(required);
}

/** Whether the text is a set-up code: four groups of five letters and digits. Tokens contain an underscore. Spaces and case are ignored. */
export function isSetupCode(text: string): boolean {
  return /^[0-9a-z]{20}$/.test(text.toLowerCase().replace(/[\s-]/g, ''));
}

/** The RTMP URL of the server: as reported, or the page's host with the default port. */
export function rtmpServer(configured: string | null | undefined, hostname: string): string {
  return configured ?? `rtmp://${hostname}:1935/live`;
}

const key = 'broadcast.token';

/** The token of this tab, or the one stored on this device. */
export function storedToken(): string | null {
  return readToken(sessionStorage) ?? readToken(localStorage);
}

export function storeToken(token: string, keepOnDevice: boolean): void {
  forgetToken();
  (keepOnDevice ? localStorage : sessionStorage).setItem(key, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(key);
  localStorage.removeItem(key);
}

function readToken(storage: Storage): string | null {
  return storage.getItem(key);
}
