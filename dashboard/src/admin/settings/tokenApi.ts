import type { Schemas } from '../../api/schema';
import type { Api, IssuedSecret } from '../api';

// `/api/v1/tokens`; `Api` implements `revokeToken`.

export type Token = Schemas['TokenView'];

export type TokenRequest = Schemas['NewToken'];

const areas = ['channels', 'keys', 'viewers', 'recordings', 'events', 'webhooks', 'encoders', 'storage', 'audit', 'servers', 'targets'];

/** All scopes of a token. */
export const scopeNames: readonly string[] = areas.flatMap((area) => [`${area}:read`, `${area}:write`]);

export function listTokens(api: Api): Promise<Token[]> {
  return api.send('GET', '/tokens');
}

export function createToken(api: Api, request: TokenRequest): Promise<IssuedSecret> {
  return api.send('POST', '/tokens', request);
}
