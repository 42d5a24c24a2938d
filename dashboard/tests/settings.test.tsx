import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import type { Me } from '../src/admin/api';
import { routePath, parseRoute } from '../src/admin/navigation';
import { browserOf } from '../src/admin/settings/Account';
import { actorText, AuditRows } from '../src/admin/settings/Audit';
import type { AuditEntry } from '../src/admin/settings/auditApi';
import { deliveryFacts } from '../src/admin/settings/Deliveries';
import { EncoderRows } from '../src/admin/settings/Encoders';
import { ServerRows, type ServerInfo } from '../src/admin/settings/Servers';
import type { User } from '../src/admin/settings/userApi';
import { SectionUnavailable, sectionsOf } from '../src/admin/settings/SettingsPage';
import { scopeNames, type Token } from '../src/admin/settings/tokenApi';
import { tokenRequest, tokenFacts } from '../src/admin/settings/Tokens';
import { UserRow } from '../src/admin/settings/Users';
import type { Delivery, Webhook } from '../src/admin/settings/webhookApi';
import { webhookFacts } from '../src/admin/settings/Webhooks';
import { pagesOf } from '../src/admin/Header';
import { adminText } from '../src/text';

const text = adminText.settings;
const admin: Me = { kind: 'user', name: 'jane', displayName: '', role: 'admin', totp: true, login: 'l1' };

describe('settings', () => {
  test('contain the account, and all other sections for admins', () => {
    const admins = ['users', 'tokens', 'webhooks', 'encoders', 'storage', 'servers', 'audit'];
    expect(sectionsOf(admin)).toEqual(['account', 'appearance', ...admins, 'about']);
    expect(sectionsOf({ ...admin, role: 'producer' })).toEqual(['account', 'appearance', 'about']);
    expect(sectionsOf({ ...admin, kind: 'token' })).toEqual([
      'appearance',
      'users',
      'tokens',
      'webhooks',
      'encoders',
      'storage',
      'servers',
      'audit',
      'about',
    ]);
    expect(sectionsOf({ ...admin, kind: 'token', role: 'viewer' })).toEqual(['appearance', 'about']);
  });
  test('are hidden from tokens without permission', () => {
    expect(pagesOf({ ...admin, role: 'viewer' })).toContain('settings');
    expect(pagesOf({ ...admin, kind: 'token', role: 'producer' })).not.toContain('settings');
  });
  test('explain missing and forbidden sections', () => {
    const render = (part: string) =>
      renderToStaticMarkup(<SectionUnavailable part={part} firstSection="appearance" go={() => undefined} />);
    expect(render('users')).toContain(text.adminsOnly(text.sections.users));
    expect(render('account')).toContain(text.noAccount);
    for (const part of ['nope', 'toString']) expect(render(part)).toContain(adminText.pages.notFound);
    expect(render('nope')).toContain('href="/dashboard/settings/appearance"');
  });
  test('have a path for each section', () =>
    expect(parseRoute(routePath('settings', 'audit'))).toEqual({ page: 'settings', part: 'audit' }));
});

describe('a user', () => {
  const user: User = {
    name: 'tom',
    displayName: 'Tom',
    role: 'producer',
    totp: true,
    createdAt: '',
    passwordChangedAt: '',
    lastLoginAt: null,
    disabledAt: null,
  };
  const render = (one: User, isOwn: boolean) => renderToStaticMarkup(<UserRow user={one} isSelf={isOwn} onAction={() => undefined} />);

  test('has a role and actions', () => {
    const html = render(user, false);
    for (const facts of ['Tom', 'producer', text.users.neverSignedIn, text.users.resetTotp, text.users.disable, text.users.delete])
      expect(html).toContain(facts);
    expect(html).toContain('aria-label="Delete: tom"');
  });
  test('that is disabled can be enabled', () => {
    const html = render({ ...user, totp: false, disabledAt: '2030-01-01T00:00:00Z' }, false);
    expect(html).toContain(text.users.disabled);
    expect(html).toContain(`>${text.users.enable}<`);
    expect(html).not.toContain(text.users.resetTotp);
  });
  test('cannot lock themselves out', () => {
    const html = render(user, true);
    expect(html).toContain(text.users.you);
    expect(html).not.toContain(text.users.disable);
    expect(html).not.toContain(`>${text.users.delete}<`);
  });
  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36', 'Chrome, Linux'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1', 'Safari, iPhone'],
    ['curl/8.0', 'curl/8.0'],
    ['', text.account.unknownAgent],
  ])('signs in with %j', (agent, facts) => expect(browserOf(agent)).toBe(facts));
});

describe('a token', () => {
  const token: Token = {
    id: 'a',
    role: 'producer',
    label: '',
    createdAt: '2030-01-01T00:00:00Z',
    lastUsedAt: null,
    expiresAt: null,
    revokedAt: null,
    channels: null,
    scopes: null,
  };

  test('is restricted only by selected options', () => {
    const form = new FormData();
    form.set('label', ' robot ');
    form.set('role', 'producer');
    form.set('days', '7');
    const now = Date.parse('2030-01-01T00:00:00Z');
    expect(tokenRequest(form, now)).toEqual({ role: 'producer', label: 'robot', expiresAt: '2030-01-08T00:00:00.000Z' });
    form.set('days', '');
    form.append('channels', 'main');
    form.append('scopes', 'events:read');
    form.append('scopes', 'keys:write');
    expect(tokenRequest(form, now)).toEqual({
      role: 'producer',
      label: 'robot',
      channels: ['main'],
      scopes: ['events:read', 'keys:write'],
    });
  });
  test('shows its expiration and restrictions', () => {
    const facts = tokenFacts(
      { ...token, expiresAt: '2030-01-02T00:00:00Z', channels: ['main'], scopes: ['events:read'] },
      Date.parse('2030-01-03T00:00:00Z'),
    ).join();
    expect(facts).toMatch(/^producer,created .*,never used,expired .*,only main,only events:read$/);
  });
  test('has scopes for reading and writing', () => expect(scopeNames).toContain('events:read'));
});

describe('a webhook', () => {
  const webhook: Webhook = {
    id: 'w',
    url: 'https://example.org/hook',
    label: '',
    types: [],
    channels: [],
    enabled: true,
    disabledReason: null,
    createdAt: '',
    previousSecretExpiresAt: null,
    lastAttemptAt: null,
    failingSince: null,
    waiting: 0,
    dropped: 0,
  };
  test('receives all types by default', () => expect(webhookFacts(webhook)).toEqual([text.webhooks.on, text.webhooks.everything]));
  test('shows its problems', () => {
    const facts = webhookFacts({
      ...webhook,
      enabled: false,
      disabledReason: 'the receiver answered 410',
      types: ['event.live'],
      waiting: 3,
    });
    expect(facts).toEqual([text.webhooks.off, 'the receiver answered 410', 'event.live', '3 pending']);
  });
  test('has a log of deliveries', () => {
    const delivery: Delivery = {
      id: 1,
      event: 'e',
      type: 'event.live',
      channel: 'main',
      state: 'failed',
      attempts: 11,
      createdAt: '2030-01-01T00:00:00Z',
      lastAttemptAt: null,
      nextAttemptAt: null,
      status: 500,
      error: 'it answered 500',
      responseExcerpt: null,
      seconds: 1,
    };
    expect(deliveryFacts(delivery).join()).toMatch(/^Failed,.*,main,11 attempts,500,it answered 500$/);
  });
});

describe('the audit log', () => {
  const entry: AuditEntry = {
    id: 1,
    at: '2030-01-01T00:00:00Z',
    actor: { kind: 'user', id: 'jane', name: 'Jane Doe', address: '203.0.113.5' },
    action: 'channel.create',
    subject: 'channel/main',
    detail: { title: '<b>Council</b>' },
  };
  test('escapes its texts', () => {
    const html = renderToStaticMarkup(<AuditRows entries={[entry]} />);
    for (const facts of ['channel.create', 'channel/main', 'user jane (Jane Doe) from 203.0.113.5', 'title: &lt;b&gt;Council'])
      expect(html).toContain(facts);
  });
  test('names the server without an id', () =>
    expect(actorText({ ...entry, actor: { kind: 'server', id: '', name: '', address: '' } })).toBe('the server'));
});

test('working encoders are listed first, others with their error', () => {
  const failing = {
    encoder: 'h264_nvenc',
    vendor: 'NVIDIA',
    codec: 'h264',
    usedForRungs: true,
    works: false,
    error: 'no device',
    probedAt: '2030-01-01T00:00:00Z',
    durationMilliseconds: 3,
  };
  const html = renderToStaticMarkup(
    <EncoderRows encoders={[failing, { ...failing, encoder: 'libx264', vendor: 'software', works: true, error: null }]} />,
  );
  expect(html.indexOf('libx264')).toBeLessThan(html.indexOf('h264_nvenc'));
  for (const facts of ['no device', text.encoders.notWorking, text.encoders.duration(3)]) expect(html).toContain(facts);
});

test('the list of servers says what runs and what was lost', () => {
  const running: ServerInfo = {
    number: 1,
    name: 'tv1',
    address: '10.0.0.2:8090',
    roles: 'all',
    state: 'running',
    sessions: 1,
    load: 0.274,
    version: '0.1.0',
    startedAt: '2030-06-01T12:00:00Z',
    lastSeenAt: '2030-06-01T13:00:00Z',
  };
  const lost: ServerInfo = { ...running, number: 2, name: 'tv2', address: null, state: 'lost', sessions: 3, load: 0.9, version: null };
  const html = renderToStaticMarkup(<ServerRows servers={[running, lost]} onChange={() => {}} />);
  for (const facts of ['10.0.0.2:8090', '27 %', '1 session', '3 sessions', text.servers.states.lost, text.servers.noAddress])
    expect(html).toContain(facts);
  expect(html).not.toContain('90 %');
  expect(html.split(`>${text.servers.drain}<`)).toHaveLength(2);
  const draining = renderToStaticMarkup(<ServerRows servers={[{ ...running, state: 'draining' }]} onChange={() => {}} />);
  for (const facts of [text.servers.states.draining, text.servers.undrain, '27 %']) expect(draining).toContain(facts);
  expect(draining).not.toContain(`>${text.servers.drain}<`);
  expect(html).not.toContain('role');

  const apart = [{ ...running, roles: 'origin' }, { ...running, number: 2, roles: 'control,media' }];
  const rows = renderToStaticMarkup(<ServerRows servers={apart} onChange={() => {}} />);
  for (const facts of ['role origin', 'roles control, media']) expect(rows).toContain(facts);
});
