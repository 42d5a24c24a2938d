import { loginKey } from '../chat/moderatorApi';
import { adminText } from '../text';
import { forgetToken, storedToken } from './access';
import { Api, ApiError, type Me } from './api';

/** State of the dashboard's session. */
export type Session =
  | { state: 'checking' }
  | { state: 'signedOut'; reason: string | null }
  | { state: 'signedIn'; api: Api; me: Me }
  | { state: 'unreachable'; message: string };

/** Resumes a session: with the stored token, or with the login cookie. */
export async function resumeSession(): Promise<Session> {
  const token = storedToken();
  const stored = await fetchSession(new Api(token, adminText));
  if (stored.state !== 'signedOut' || token === null) return stored;
  forgetToken();
  const login = await fetchSession(new Api(null, adminText));
  return login.state === 'signedOut' ? { state: 'signedOut', reason: adminText.signIn.sessionExpired } : login;
}

// Requests the login state first, because browsers log 401 responses as errors.
async function fetchSession(api: Api): Promise<Session> {
  try {
    if (!(await api.isAuthenticated())) {
      noteLogin(false);
      return { state: 'signedOut', reason: null };
    }
    const me = await api.me();
    noteLogin(me.kind !== 'token');
    return { state: 'signedIn', api, me };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { state: 'signedOut', reason: null };
    return { state: 'unreachable', message: error instanceof ApiError ? error.message : adminText.failed };
  }
}

/** Logs in with a cookie and forgets the stored token. */
export async function logIn(name: string, password: string, code?: string): Promise<{ api: Api; me: Me }> {
  const api = new Api(null, adminText);
  await api.login(name, password, code);
  forgetToken();
  noteLogin(true);
  return { api, me: await api.me() };
}

/** Creates the first admin and logs in. The token of the response is not needed, so it is revoked. */
export async function setUpServer(code: string, name: string, password: string): Promise<{ api: Api; me: Me }> {
  const firstToken = await new Api(null, adminText).setUp(code, name, password);
  const created = await logIn(name, password);
  await created.api.revokeToken(firstToken.info.id).catch(() => undefined);
  return created;
}

/** Ends the login, or forgets the token. An expired login is not an error. */
export async function signOut(api: Api, me: Me): Promise<void> {
  if (me.kind === 'token') {
    forgetToken();
    return;
  }
  noteLogin(false);
  try {
    await api.logout();
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
}

/** Notes for the watch page, which then takes part in the chat as the user. The login itself is in a cookie that scripts cannot read. */
function noteLogin(isLoggedIn: boolean): void {
  try {
    if (isLoggedIn) window.localStorage.setItem(loginKey, '1');
    else window.localStorage.removeItem(loginKey);
  } catch {
    // Storage can be disabled. The user then is a guest on the watch page.
  }
}
