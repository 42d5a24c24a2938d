/** Roles from the least to the most they may do, as the API names them. */
const roles = ['viewer', 'moderator', 'producer', 'admin'];

export function mayDo(role: string, needed: 'producer' | 'admin'): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Set-up codes are four groups of five letters and digits, tokens have an underscore. Spaces and case do not matter in a code. */
export function isSetupCode(entered: string): boolean {
  return /^[0-9a-z]{20}$/.test(entered.toLowerCase().replace(/[\s-]/g, ''));
}

/** Where encoders publish to: what the server says, else the page's own host with the usual port. */
export function rtmpServer(said: string | null | undefined, hostname: string): string {
  return said ?? `rtmp://${hostname}:1935/live`;
}

const key = 'broadcast.token';

/** The token of this tab, or the one kept on this device. */
export function storedToken(): string | null {
  return read(sessionStorage) ?? read(localStorage);
}

export function storeToken(token: string, keepOnDevice: boolean): void {
  forgetToken();
  (keepOnDevice ? localStorage : sessionStorage).setItem(key, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(key);
  localStorage.removeItem(key);
}

function read(storage: Storage): string | null {
  return storage.getItem(key);
}
