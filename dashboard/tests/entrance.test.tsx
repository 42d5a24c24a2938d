import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Me, problemOf } from '../src/admin/api';
import { Entrance } from '../src/admin/entrance/Entrance';
import { LoginFields } from '../src/admin/entrance/LoginForm';
import { setUpMistakes } from '../src/admin/entrance/SetUpForm';
import { addressOf, isPlace, placeOf } from '../src/admin/navigation';
import { leave, logIn, resume, setUp } from '../src/admin/session';
import { Top } from '../src/admin/Top';
import { adminText } from '../src/text';

const jane: Me = { kind: 'user', name: 'jane', displayName: 'Jane Doe', role: 'admin', totp: false, login: 'l1' };
const program: Me = { kind: 'token', name: 't1', displayName: 'robot', role: 'viewer', totp: null, login: null };

type Asked = { method: string; path: string; authorization: string | undefined; body: unknown };

/** A server that answers in turn, and what it was asked. */
function serverOf(answers: [status: number, body?: unknown][]): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', (path: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
    asked.push({ method: init.method, path, authorization: init.headers.Authorization, body: init.body === undefined ? undefined : JSON.parse(init.body) });
    const [status, body] = answers[asked.length - 1] ?? [500, undefined];
    return Promise.resolve({ ok: status < 400, status, text: () => Promise.resolve(body === undefined ? '' : JSON.stringify(body)) });
  });
  return asked;
}

function storageOf(token: string | null) {
  const kept = new Map(token === null ? [] : [['broadcast.token', token]]);
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) };
}

function keep(token: string | null) {
  vi.stubGlobal('sessionStorage', storageOf(null));
  vi.stubGlobal('localStorage', storageOf(token));
}

afterEach(() => vi.unstubAllGlobals());

describe('the ways in', () => {
  const draw = (first?: 'login' | 'setUp' | 'token', why: string | null = null) => renderToStaticMarkup(<Entrance first={first} why={why} onIn={() => undefined} />);

  test('begin with name and password, and offer the others', () => {
    const html = draw();
    for (const words of ['autoComplete="username"', 'autoComplete="current-password"', adminText.signIn.toSetUp, adminText.signIn.toToken]) expect(html.toLowerCase()).toContain(words.toLowerCase());
    expect(html).not.toContain('name="code"');
  });
  test('have the set-up before the fields, as nobody has an account on the first visit', () => {
    const html = draw();
    expect(html).toContain(adminText.signIn.firstVisit);
    expect(html.indexOf(adminText.signIn.toSetUp)).toBeLessThan(html.indexOf('name="password"'));
    expect(html.split(adminText.signIn.toSetUp)).toHaveLength(2);
  });
  test('have it below for who was signed in before', () => {
    const html = draw('login', adminText.signIn.expired);
    expect(html).not.toContain(adminText.signIn.firstVisit);
    expect(html).toContain(adminText.signIn.toSetUp);
  });
  test('ask for code, name and a new password on the first visit', () => {
    const html = draw('setUp');
    for (const name of ['code', 'name', 'password', 'again']) expect(html).toContain(`name="${name}"`);
    expect(html).toContain(adminText.signIn.setUpCodeHint);
  });
  test('take a token', () => expect(draw('token')).toContain('name="secret"'));
  test('say why somebody stands here again', () => expect(draw('login', adminText.signIn.expired)).toContain(adminText.signIn.expired));
  test('ask for a code where the server does', () => expect(renderToStaticMarkup(<LoginFields needsCode mistakes={{}} />)).toContain(adminText.signIn.codeHint));
  test('tell a set-up code from something else, and two passwords apart', () => {
    expect(setUpMistakes('a1b2c-d3e4f-g5h6j-k7m8n', 'x', 'x')).toEqual({});
    expect(Object.keys(setUpMistakes('a1b2c', 'x', 'y'))).toEqual(['code', 'again']);
  });
});

describe('a session', () => {
  test('is that of a kept token', async () => {
    keep('bt_kept');
    const asked = serverOf([[200, program]]);
    expect(await resume()).toMatchObject({ state: 'in', me: program });
    expect(asked).toMatchObject([{ path: '/api/v1/me', authorization: 'Bearer bt_kept' }]);
  });
  test('is that of the cookie where the kept token is void', async () => {
    keep('bt_void');
    const asked = serverOf([[401, {}], [200, jane]]);
    expect(await resume()).toMatchObject({ state: 'in', me: jane });
    expect(asked[1]?.authorization).toBeUndefined();
    expect(localStorage.getItem('broadcast.token')).toBeNull();
  });
  test('is none without either, which is nothing to complain about', async () => {
    keep(null);
    serverOf([[401, {}]]);
    expect(await resume()).toEqual({ state: 'out', why: null });
  });
  test('is not given up while the server does not answer', async () => {
    keep('bt_kept');
    serverOf([[503, { detail: 'The database is away.' }]]);
    expect(await resume()).toEqual({ state: 'unreachable', message: 'The database is away.' });
    expect(localStorage.getItem('broadcast.token')).toBe('bt_kept');
  });
  test('begins with name and password, and a code only where there is one', async () => {
    keep('bt_old');
    const asked = serverOf([[200, { name: 'jane' }], [200, jane]]);
    expect((await logIn('jane', 'a long password')).me).toEqual(jane);
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/v1/login', body: { name: 'jane', password: 'a long password' } });
    expect(localStorage.getItem('broadcast.token')).toBeNull();
  });
  test('asks for a code in the words of the server', async () => {
    keep(null);
    serverOf([[401, { detail: "Send 'code' too.", needs: 'code' }]]);
    await expect(logIn('jane', 'a long password')).rejects.toMatchObject({ status: 401, needs: 'code' });
  });
  test('of the first admin leaves no token behind', async () => {
    keep(null);
    const asked = serverOf([[201, { info: { id: 'first' }, token: 'bt_first' }], [200, { name: 'jane' }], [200, jane], [204]]);
    expect((await setUp('a1b2c-d3e4f-g5h6j-k7m8n', 'jane', 'a long password')).me).toEqual(jane);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/v1/setup', 'POST /api/v1/login', 'GET /api/v1/me', 'DELETE /api/v1/tokens/first']);
  });
  test('ends at the server, and is over where it was already', async () => {
    const asked = serverOf([[204], [401, {}], [500, {}]]);
    const api = new Api(null, adminText);
    await leave(api, jane);
    await leave(api, jane);
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/v1/logout' });
    await expect(leave(api, jane)).rejects.toBeInstanceOf(ApiError);
  });
  test('of a token ends by forgetting it', async () => {
    keep('bt_kept');
    const asked = serverOf([]);
    await leave(new Api('bt_kept', adminText), program);
    expect(localStorage.getItem('broadcast.token')).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe('problems', () => {
  test('are told in one text where there are no fields', () => {
    expect(problemOf(400, { detail: 'The request has mistakes.', errors: { end: ['Too long.'], start: ['Past.'] } }, 'failed').words).toBe('Too long. Past.');
    expect(problemOf(409, { detail: 'Taken.' }, 'failed').words).toBe('Taken.');
  });
});

describe('the pages', () => {
  test.each([
    ['/dashboard', { page: 'now', part: '' }],
    ['/dashboard/', { page: 'now', part: '' }],
    ['/dashboard/setup', { page: 'now', part: 'setup' }],
    ['/dashboard/nothing', { page: 'now', part: 'nothing' }],
    ['/dashboard.html', { page: 'now', part: '' }],
  ])('%s', (path, place) => expect(placeOf(path)).toEqual(place));
  test.each(['/dashboard', '/dashboard/', '/dashboard/setup', '/dashboard/channels', '/dashboard/channels/main', '/dashboard/schedule', '/dashboard/settings/x'])('are at %s', (path) => expect(isPlace(placeOf(path))).toBe(true));
  test('are not at any other address, and none is marked there', () => {
    const place = placeOf('/dashboard/nope');
    expect(isPlace(place)).toBe(false);
    expect(renderToStaticMarkup(<Top me={jane} navigation={{ place, go: () => undefined }} onSignOut={() => undefined} />)).not.toContain('aria-current');
  });
  test('have the address that shows them', () => expect(placeOf(addressOf('now'))).toEqual({ page: 'now', part: '' }));
  test('stand in the bar with the one that is open marked, and who looks', () => {
    const html = renderToStaticMarkup(<Top me={jane} navigation={{ place: { page: 'now', part: '' }, go: () => undefined }} onSignOut={() => undefined} />);
    expect(html).toMatch(/<nav[^>]* aria-label="Pages">/);
    expect(html).toContain('<a href="/dashboard" aria-current="page">');
    expect(html).toContain('Jane Doe');
    expect(html).toContain(adminText.signOut);
  });
  test('are not shown to who is not signed in', () => expect(renderToStaticMarkup(<Top />)).not.toContain('<nav'));
});
