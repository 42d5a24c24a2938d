import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Me, parseProblem } from '../src/admin/api';
import { AuthPage } from '../src/admin/auth/AuthPage';
import { LoginFields } from '../src/admin/auth/LoginForm';
import { validateSetup } from '../src/admin/auth/SetupForm';
import { routePath, isKnownRoute, parseRoute } from '../src/admin/navigation';
import { signOut, logIn, resumeSession, setUpServer } from '../src/admin/session';
import { Header } from '../src/admin/Header';
import { adminText } from '../src/text';

const jane: Me = { kind: 'user', name: 'jane', displayName: 'Jane Doe', role: 'admin', totp: false, login: 'l1' };
const apiToken: Me = { kind: 'token', name: 't1', displayName: 'robot', role: 'viewer', totp: null, login: null };

type SentRequest = { method: string; path: string; authorization: string | undefined; body: unknown };

/** Stubs a server with a sequence of responses, and returns the requests. */
function stubServer(answers: [status: number, body?: unknown][]): SentRequest[] {
  const requests: SentRequest[] = [];
  vi.stubGlobal('fetch', (path: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
    requests.push({
      method: init.method,
      path,
      authorization: init.headers.Authorization,
      body: init.body === undefined ? undefined : JSON.parse(init.body),
    });
    const [status, body] = answers[requests.length - 1] ?? [500, undefined];
    return Promise.resolve({ ok: status < 400, status, text: () => Promise.resolve(body === undefined ? '' : JSON.stringify(body)) });
  });
  return requests;
}

function createStorage(token: string | null) {
  const stored = new Map(token === null ? [] : [['broadcast.token', token]]);
  return {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
}

function stubStorage(token: string | null) {
  vi.stubGlobal('sessionStorage', createStorage(null));
  vi.stubGlobal('localStorage', createStorage(token));
}

afterEach(() => vi.unstubAllGlobals());

describe('the sign-in page', () => {
  const render = (first?: 'login' | 'setup' | 'token', reason: string | null = null) =>
    renderToStaticMarkup(<AuthPage initialMethod={first} reason={reason} onSignedIn={() => undefined} />);

  test('starts with name and password and offers the other methods', () => {
    const html = render();
    for (const expectedText of [
      'autoComplete="username"',
      'autoComplete="current-password"',
      adminText.signIn.useSetupCode,
      adminText.signIn.useToken,
    ])
      expect(html.toLowerCase()).toContain(expectedText.toLowerCase());
    expect(html).not.toContain('name="code"');
  });
  test('shows the set-up prompt above the fields on a first visit', () => {
    const html = render();
    expect(html).toContain(adminText.signIn.newServerHint);
    expect(html.indexOf(adminText.signIn.useSetupCode)).toBeLessThan(html.indexOf('name="password"'));
    expect(html.split(adminText.signIn.useSetupCode)).toHaveLength(2);
  });
  test('shows the set-up link below the fields after a sign-out', () => {
    const html = render('login', adminText.signIn.sessionExpired);
    expect(html).not.toContain(adminText.signIn.newServerHint);
    expect(html).toContain(adminText.signIn.useSetupCode);
  });
  test('asks for code, name and a new password during set-up', () => {
    const html = render('setup');
    for (const name of ['code', 'name', 'password', 'again']) expect(html).toContain(`name="${name}"`);
    expect(html).toContain(adminText.signIn.setupCodeHint);
  });
  test('accepts a token', () => expect(render('token')).toContain('name="secret"'));
  test('shows why the user has to sign in again', () =>
    expect(render('login', adminText.signIn.sessionExpired)).toContain(adminText.signIn.sessionExpired));
  test('asks for a code if the server requires one', () =>
    expect(renderToStaticMarkup(<LoginFields needsCode fieldErrors={{}} />)).toContain(adminText.signIn.codeHint));
  test('validates the set-up code and compares the passwords', () => {
    expect(validateSetup('a1b2c-d3e4f-g5h6j-k7m8n', 'x', 'x')).toEqual({});
    expect(Object.keys(validateSetup('a1b2c', 'x', 'y'))).toEqual(['code', 'again']);
  });
});

describe('a session', () => {
  test('resumes with the stored token', async () => {
    stubStorage('bt_kept');
    const requests = stubServer([
      [200, { authenticated: true }],
      [200, apiToken],
    ]);
    expect(await resumeSession()).toMatchObject({ state: 'signedIn', me: apiToken });
    expect(requests).toMatchObject([
      { path: '/api/v1/login', authorization: 'Bearer bt_kept' },
      { path: '/api/v1/me', authorization: 'Bearer bt_kept' },
    ]);
  });
  test('resumes with the cookie if the stored token is invalid', async () => {
    stubStorage('bt_void');
    const requests = stubServer([
      [200, { authenticated: false }],
      [200, { authenticated: true }],
      [200, jane],
    ]);
    expect(await resumeSession()).toMatchObject({ state: 'signedIn', me: jane });
    expect(requests.map(({ authorization }) => authorization)).toEqual(['Bearer bt_void', undefined, undefined]);
    expect(localStorage.getItem('broadcast.token')).toBeNull();
  });
  test('is signed out without token and cookie', async () => {
    stubStorage(null);
    const requests = stubServer([[200, { authenticated: false }]]);
    expect(await resumeSession()).toEqual({ state: 'signedOut', reason: null });
    expect(requests).toMatchObject([{ method: 'GET', path: '/api/v1/login' }]);
  });
  test('is signed out if it ends between the two requests', async () => {
    stubStorage(null);
    stubServer([
      [200, { authenticated: true }],
      [401, {}],
    ]);
    expect(await resumeSession()).toEqual({ state: 'signedOut', reason: null });
  });
  test('is kept while the server is unreachable', async () => {
    stubStorage('bt_kept');
    stubServer([[503, { detail: 'The database is away.' }]]);
    expect(await resumeSession()).toEqual({ state: 'unreachable', message: 'The database is away.' });
    expect(localStorage.getItem('broadcast.token')).toBe('bt_kept');
  });
  test('starts with name and password', async () => {
    stubStorage('bt_old');
    const requests = stubServer([
      [200, { name: 'jane' }],
      [200, jane],
    ]);
    expect((await logIn('jane', 'a long password')).me).toEqual(jane);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/login', body: { name: 'jane', password: 'a long password' } });
    expect(localStorage.getItem('broadcast.token')).toBeNull();
  });
  test('reports that the server requires a code', async () => {
    stubStorage(null);
    stubServer([[401, { detail: "Send 'code' too.", needs: 'code' }]]);
    await expect(logIn('jane', 'a long password')).rejects.toMatchObject({ status: 401, needs: 'code' });
  });
  test('of the first admin revokes the initial token', async () => {
    stubStorage(null);
    const requests = stubServer([[201, { info: { id: 'first' }, token: 'bt_first' }], [200, { name: 'jane' }], [200, jane], [204]]);
    expect((await setUpServer('a1b2c-d3e4f-g5h6j-k7m8n', 'jane', 'a long password')).me).toEqual(jane);
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/setup',
      'POST /api/v1/login',
      'GET /api/v1/me',
      'DELETE /api/v1/tokens/first',
    ]);
  });
  test('ends on the server; an expired one is not an error', async () => {
    const requests = stubServer([[204], [401, {}], [500, {}]]);
    const api = new Api(null, adminText);
    await signOut(api, jane);
    await signOut(api, jane);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/logout' });
    await expect(signOut(api, jane)).rejects.toBeInstanceOf(ApiError);
  });
  test('with a token ends by forgetting the token', async () => {
    stubStorage('bt_kept');
    const requests = stubServer([]);
    await signOut(new Api('bt_kept', adminText), apiToken);
    expect(localStorage.getItem('broadcast.token')).toBeNull();
    expect(requests).toEqual([]);
  });
});

describe('the full message of an API error', () => {
  test('joins the errors of all members', () => {
    expect(
      parseProblem(400, { detail: 'The request is invalid.', errors: { end: ['Too long.'], start: ['Past.'] } }, 'failed').fullMessage,
    ).toBe('Too long. Past.');
    expect(parseProblem(409, { detail: 'Taken.' }, 'failed').fullMessage).toBe('Taken.');
  });
});

describe('routes', () => {
  test.each([
    ['/dashboard', { page: 'overview', part: '' }],
    ['/dashboard/', { page: 'overview', part: '' }],
    ['/dashboard/setup', { page: 'overview', part: 'setup' }],
    ['/dashboard/nothing', { page: 'overview', part: 'nothing' }],
    ['/dashboard.html', { page: 'overview', part: '' }],
  ])('%s', (path, place) => expect(parseRoute(path)).toEqual(place));
  test.each([
    '/dashboard',
    '/dashboard/',
    '/dashboard/setup',
    '/dashboard/channels',
    '/dashboard/channels/main',
    '/dashboard/schedule',
    '/dashboard/settings/x',
  ])('exist for %s', (path) => expect(isKnownRoute(parseRoute(path))).toBe(true));
  test('do not exist for other paths, and no link is current', () => {
    const route = parseRoute('/dashboard/nope');
    expect(isKnownRoute(route)).toBe(false);
    expect(
      renderToStaticMarkup(<Header me={jane} navigation={{ route, go: () => undefined }} onSignOut={() => undefined} />),
    ).not.toContain('aria-current');
  });
  test('convert to a path and back', () => expect(parseRoute(routePath('overview'))).toEqual({ page: 'overview', part: '' }));
  test('appear in the header with the current one and the user’s name', () => {
    const html = renderToStaticMarkup(
      <Header me={jane} navigation={{ route: { page: 'overview', part: '' }, go: () => undefined }} onSignOut={() => undefined} />,
    );
    expect(html).toMatch(/<nav[^>]* aria-label="Pages">/);
    expect(html).toContain('<a href="/dashboard" aria-current="page">');
    expect(html).toContain('Jane Doe');
    expect(html).toContain(adminText.signOut);
  });
  test('are hidden before sign-in', () => expect(renderToStaticMarkup(<Header />)).not.toContain('<nav'));
});
