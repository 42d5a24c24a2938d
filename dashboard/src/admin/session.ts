import { adminText } from '../text';
import { forgetToken, storedToken } from './access';
import { Api, ApiError, type Me } from './api';

/** Who uses the dashboard, as far as that is known. */
export type Session =
  | { state: 'asking' }
  | { state: 'out'; why: string | null }
  | { state: 'in'; api: Api; me: Me }
  | { state: 'unreachable'; message: string };

/** What the browser may have from before: a token that was kept here, or else a login's cookie. */
export async function resume(): Promise<Session> {
  const token = storedToken();
  const found = await look(new Api(token, adminText));
  if (found.state !== 'out' || token === null) return found;
  forgetToken();
  const login = await look(new Api(null, adminText));
  return login.state === 'out' ? { state: 'out', why: adminText.signIn.expired } : login;
}

async function look(api: Api): Promise<Session> {
  try {
    return { state: 'in', api, me: await api.me() };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { state: 'out', why: null };
    return { state: 'unreachable', message: error instanceof ApiError ? error.message : adminText.failed };
  }
}

/** Logs in by cookie; a token that was kept here is forgotten. */
export async function logIn(name: string, password: string, code?: string): Promise<{ api: Api; me: Me }> {
  const api = new Api(null, adminText);
  await api.login(name, password, code);
  forgetToken();
  return { api, me: await api.me() };
}

/** Makes the first admin and logs them in. The token that comes with it is nobody's then, so it is taken back. */
export async function setUp(code: string, name: string, password: string): Promise<{ api: Api; me: Me }> {
  const first = await new Api(null, adminText).setUp(code, name, password);
  const made = await logIn(name, password);
  await made.api.revokeToken(first.info.id).catch(() => undefined);
  return made;
}

/** Ends a login, or forgets a token. One that is over already is as good. */
export async function leave(api: Api, me: Me): Promise<void> {
  if (me.kind === 'token') {
    forgetToken();
    return;
  }
  try {
    await api.logout();
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
}
