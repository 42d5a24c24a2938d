import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import type { Me } from '../src/admin/api';
import { addressOf, placeOf } from '../src/admin/navigation';
import { browserOf } from '../src/admin/settings/Account';
import { actorWords, AuditRows } from '../src/admin/settings/Audit';
import type { AuditEntry } from '../src/admin/settings/auditApi';
import { deliveryFacts } from '../src/admin/settings/Deliveries';
import { EncoderRows } from '../src/admin/settings/Encoders';
import type { User } from '../src/admin/settings/peopleApi';
import { NoSection, sectionsOf } from '../src/admin/settings/SettingsPage';
import { scopeNames, type Token } from '../src/admin/settings/tokenApi';
import { tokenWish, tokenWords } from '../src/admin/settings/Tokens';
import { UserRow } from '../src/admin/settings/Users';
import type { Delivery, Webhook } from '../src/admin/settings/webhookApi';
import { hookFacts } from '../src/admin/settings/Webhooks';
import { pagesOf } from '../src/admin/Top';
import { adminText } from '../src/text';

const text = adminText.settings;
const admin: Me = { kind: 'user', name: 'jane', displayName: '', role: 'admin', totp: true, login: 'l1' };

describe('settings', () => {
  test('are for people their own account, and the rest for admins', () => {
    expect(sectionsOf(admin)).toEqual(['account', 'appearance', 'users', 'tokens', 'webhooks', 'encoders', 'storage', 'audit', 'about']);
    expect(sectionsOf({ ...admin, role: 'producer' })).toEqual(['account', 'appearance', 'about']);
    expect(sectionsOf({ ...admin, kind: 'token' })).toEqual(['appearance', 'users', 'tokens', 'webhooks', 'encoders', 'storage', 'audit', 'about']);
    expect(sectionsOf({ ...admin, kind: 'token', role: 'viewer' })).toEqual(['appearance', 'about']);
  });
  test('are no page for who has none', () => {
    expect(pagesOf({ ...admin, role: 'viewer' })).toContain('settings');
    expect(pagesOf({ ...admin, kind: 'token', role: 'producer' })).not.toContain('settings');
  });
  test('say so where there is nothing, or not for whom, with a way on', () => {
    const draw = (part: string) => renderToStaticMarkup(<NoSection part={part} first="appearance" go={() => undefined} />);
    expect(draw('users')).toContain(text.notYours(text.sections.users));
    expect(draw('account')).toContain(text.noAccount);
    for (const part of ['nope', 'toString']) expect(draw(part)).toContain(adminText.pages.none);
    expect(draw('nope')).toContain('href="/dashboard/settings/appearance"');
  });
  test('have an address for each section', () => expect(placeOf(addressOf('settings', 'audit'))).toEqual({ page: 'settings', part: 'audit' }));
});

describe('a person', () => {
  const user: User = { name: 'tom', displayName: 'Tom', role: 'producer', totp: true, createdAt: '', passwordChangedAt: '', lastLoginAt: null, disabledAt: null };
  const draw = (one: User, isOwn: boolean) => renderToStaticMarkup(<UserRow user={one} isOwn={isOwn} onAct={() => undefined} />);

  test('has a role, and what can be done with their account', () => {
    const html = draw(user, false);
    for (const words of ['Tom', 'producer', text.users.neverIn, text.users.resetTotp, text.users.disable, text.users.delete]) expect(html).toContain(words);
    expect(html).toContain('aria-label="Delete: tom"');
  });
  test('who is disabled can be enabled', () => {
    const html = draw({ ...user, totp: false, disabledAt: '2030-01-01T00:00:00Z' }, false);
    expect(html).toContain(text.users.disabled);
    expect(html).toContain(`>${text.users.enable}<`);
    expect(html).not.toContain(text.users.resetTotp);
  });
  test('does not lock themselves out', () => {
    const html = draw(user, true);
    expect(html).toContain(text.users.you);
    expect(html).not.toContain(text.users.disable);
    expect(html).not.toContain(`>${text.users.delete}<`);
  });
  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36', 'Chrome, Linux'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1', 'Safari, iPhone'],
    ['curl/8.0', 'curl/8.0'],
    ['', text.account.unknownAgent],
  ])('signs in with %j', (agent, words) => expect(browserOf(agent)).toBe(words));
});

describe('a token', () => {
  const token: Token = { id: 'a', role: 'producer', label: '', createdAt: '2030-01-01T00:00:00Z', lastUsedAt: null, expiresAt: null, revokedAt: null, channels: null, scopes: null };

  test('is limited by what was chosen only', () => {
    const form = new FormData();
    form.set('label', ' robot ');
    form.set('role', 'producer');
    form.set('days', '7');
    const now = Date.parse('2030-01-01T00:00:00Z');
    expect(tokenWish(form, now)).toEqual({ role: 'producer', label: 'robot', expiresAt: '2030-01-08T00:00:00.000Z' });
    form.set('days', '');
    form.append('channels', 'main');
    form.append('scopes', 'events:read');
    form.append('scopes', 'keys:write');
    expect(tokenWish(form, now)).toEqual({ role: 'producer', label: 'robot', channels: ['main'], scopes: ['events:read', 'keys:write'] });
  });
  test('tells how long it works and what for', () => {
    const words = tokenWords({ ...token, expiresAt: '2030-01-02T00:00:00Z', channels: ['main'], scopes: ['events:read'] }, Date.parse('2030-01-03T00:00:00Z')).join();
    expect(words).toMatch(/^producer,made .*,never used,expired .*,only main,only events:read$/);
  });
  test('can be for reading or writing of each part', () => expect(scopeNames).toContain('events:read'));
});

describe('a webhook', () => {
  const hook: Webhook = {
    id: 'w',
    url: 'https://example.org/hook',
    label: '',
    types: [],
    channels: [],
    enabled: true,
    disabledReason: null,
    createdAt: '',
    oldSecretUntil: null,
    triedAt: null,
    failingSince: null,
    waiting: 0,
    dropped: 0,
  };
  test('hears of everything unless it says otherwise', () => expect(hookFacts(hook)).toEqual([text.webhooks.on, text.webhooks.everything]));
  test('tells what is wrong with it', () => {
    const facts = hookFacts({ ...hook, enabled: false, disabledReason: 'the receiver answered 410', types: ['event.live'], waiting: 3 });
    expect(facts).toEqual([text.webhooks.off, 'the receiver answered 410', 'event.live', '3 waiting']);
  });
  test('has a log that says what came of each', () => {
    const delivery: Delivery = { id: 1, event: 'e', type: 'event.live', channel: 'main', state: 'failed', attempts: 11, createdAt: '2030-01-01T00:00:00Z', triedAt: null, nextAt: null, status: 500, fault: 'it answered 500', excerpt: null, seconds: 1 };
    expect(deliveryFacts(delivery).join()).toMatch(/^Given up,.*,main,11 tries,500,it answered 500$/);
  });
});

describe('the audit log', () => {
  const entry: AuditEntry = { id: 1, at: '2030-01-01T00:00:00Z', actor: { kind: 'user', id: 'jane', name: 'Jane Doe', address: '203.0.113.5' }, action: 'channel.create', subject: 'channel/main', detail: { title: '<b>Council</b>' } };
  test('tells who did what to what, and it is text', () => {
    const html = renderToStaticMarkup(<AuditRows entries={[entry]} />);
    for (const words of ['channel.create', 'channel/main', 'user jane (Jane Doe) from 203.0.113.5', 'title: &lt;b&gt;Council']) expect(html).toContain(words);
  });
  test('names the server without more', () => expect(actorWords({ ...entry, actor: { kind: 'server', id: '', name: '', address: '' } })).toBe('the server'));
});

test('encoders that work come first, the others with the reason', () => {
  const broken = { encoder: 'h264_nvenc', vendor: 'NVIDIA', codec: 'h264', forRungs: true, works: false, refusal: 'no device', provedAt: '2030-01-01T00:00:00Z', tookMilliseconds: 3 };
  const html = renderToStaticMarkup(<EncoderRows encoders={[broken, { ...broken, encoder: 'libx264', vendor: 'software', works: true, refusal: null }]} />);
  expect(html.indexOf('libx264')).toBeLessThan(html.indexOf('h264_nvenc'));
  for (const words of ['no device', text.encoders.worksNot, text.encoders.took(3)]) expect(html).toContain(words);
});
