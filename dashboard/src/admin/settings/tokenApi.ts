import type { Api, IssuedSecret } from '../api';

// `/api/v1/tokens`; `revokeToken` is the client's own.

export interface Token {
  id: string;
  role: string;
  label: string;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  /** Null for all. */
  channels: string[] | null;
  /** Null for all that its role may. */
  scopes: string[] | null;
}

export interface TokenWish {
  role: string;
  label: string;
  expiresAt?: string;
  channels?: string[];
  scopes?: string[];
}

const areas = ['channels', 'keys', 'viewers', 'recordings', 'events', 'webhooks', 'encoders', 'audit'];

/** All that a token can be limited to. */
export const scopeNames: readonly string[] = areas.flatMap((area) => [`${area}:read`, `${area}:write`]);

export function listTokens(api: Api): Promise<Token[]> {
  return api.ask('GET', '/tokens');
}

export function createToken(api: Api, wish: TokenWish): Promise<IssuedSecret> {
  return api.ask('POST', '/tokens', wish);
}
