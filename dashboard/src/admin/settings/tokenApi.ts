import type { Schemas } from '../../api/schema';
import type { Api, IssuedSecret } from '../api';

// `/api/v1/tokens`; `revokeToken` is the client's own.

export type Token = Schemas['TokenView'];

export type TokenWish = Schemas['NewToken'];

const areas = ['channels', 'keys', 'viewers', 'recordings', 'events', 'webhooks', 'encoders', 'storage', 'audit'];

/** All that a token can be limited to. */
export const scopeNames: readonly string[] = areas.flatMap((area) => [`${area}:read`, `${area}:write`]);

export function listTokens(api: Api): Promise<Token[]> {
  return api.ask('GET', '/tokens');
}

export function createToken(api: Api, wish: TokenWish): Promise<IssuedSecret> {
  return api.ask('POST', '/tokens', wish);
}
