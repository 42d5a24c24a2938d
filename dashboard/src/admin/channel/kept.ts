// Secrets that live as long as this page of the browser, and no longer than somebody is signed in.
// A stream key is told once. While this page of the browser stays, it can be copied again from the channel's page; it is kept nowhere else.
const keys = new Map<string, string>();

/** The key that was made for a channel here, if any. */
export function freshKey(channel: string): string | null {
  return keys.get(channel) ?? null;
}

export function rememberKey(channel: string, streamKey: string): void {
  keys.set(channel, streamKey);
}

/** A key that was taken back is no help any more. */
export function forgetKey(channel: string): void {
  keys.delete(channel);
}

// So that not every visit makes a link.
const links = new Map<string, { token: string; until: number }>();

/** The token that was made to see a channel's picture, with its end in milliseconds since 1970. */
export function previewLink(channel: string): { token: string; until: number } | null {
  return links.get(channel) ?? null;
}

export function rememberLink(channel: string, link: { token: string; until: number }): void {
  links.set(channel, link);
}

/** After signing out nothing of it is left. */
export function forgetAll(): void {
  keys.clear();
  links.clear();
}
