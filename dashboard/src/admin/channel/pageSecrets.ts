// Secrets that are kept in memory until the page is closed or the user signs out.
// A stream key is returned only once, when it is created. The channel page can show it again until the page is closed.
const keys = new Map<string, string>();

/** The key that was created on this page for a channel, if any. */
export function storedKey(channel: string): string | null {
  return keys.get(channel) ?? null;
}

export function storeKey(channel: string, streamKey: string): void {
  keys.set(channel, streamKey);
}

export function forgetKey(channel: string): void {
  keys.delete(channel);
}

// Reused between visits of the channel page.
const previewTokens = new Map<string, { token: string; expiresAt: number }>();

/** The viewer token for a channel's preview, and its expiration in milliseconds since 1970. */
export function storedPreviewToken(channel: string): { token: string; expiresAt: number } | null {
  return previewTokens.get(channel) ?? null;
}

export function storePreviewToken(channel: string, stored: { token: string; expiresAt: number }): void {
  previewTokens.set(channel, stored);
}

/** Called on sign-out. */
export function forgetSecrets(): void {
  keys.clear();
  previewTokens.clear();
}
