import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Channel } from '../src/admin/api';
import { type LiveState, nothingKnown } from '../src/admin/live/liveState';
import { addressOf, placeOf } from '../src/admin/navigation';
import { alertsOf } from '../src/admin/now/alerts';
import { encoderWords, hasOpenPicture, healthWords, nextEvents, rateOf, rateText, viewersWords } from '../src/admin/now/cardWords';
import { askPast, FirstSteps, firstSteps, keptAfter, type Step } from '../src/admin/now/FirstSteps';
import { Channels } from '../src/admin/now/NowPage';
import type { PlannedEvent } from '../src/admin/schedule/eventApi';
import { adminText } from '../src/text';

const api = new Api(null, adminText);
const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', rewind: 'off', live: null };
const input = { role: 'primary', state: 'good', onAir: true, since: '2030-01-01T12:00:00Z', bitsPerSecond: 4_512_000 };
const on = (state: string, more: Partial<Channel> = {}): Channel => ({ ...channel, live: { state, session: '01', startedAt: '2026-01-01T12:00:00Z' }, inputs: [input], ...more });
const encoding = { encoder: 'x264', rungs: [{ name: '720p' }, { name: '480p' }], givenUp: [], haste: 0, halfRate: false, step: 0, reason: null, behindSeconds: 0.42, restarts: 0 };
const event = (more: Partial<PlannedEvent>): PlannedEvent =>
  ({ id: 'e', kind: 'single', channel: 'main', title: 'Show', state: 'scheduled', startsAt: '2030-01-01T18:00:00Z', endsAt: '2030-01-01T19:00:00Z', lateSince: null, ...more }) as PlannedEvent;

const draw = (data: Channel[] | null, error: ApiError | null, role = 'admin', issues: LiveState['issues'] = {}, events: PlannedEvent[] = [], isTold = true) =>
  renderToStaticMarkup(
    <Channels
      api={api}
      system={{ version: '1', role, ladders: ['passthrough'], latencies: ['standard'] }}
      live={{ data, error, refresh: () => Promise.resolve(), state: { ...nothingKnown, channels: data, issues }, isStreaming: isTold, isTold }}
      events={nextEvents(events)}
      go={() => undefined}
    />,
  );

describe('the page of what is on', () => {
  test('says that it loads', () => expect(draw(null, null)).toContain(adminText.loading));
  test('invites to make the first channel', () => {
    expect(draw([], null)).toContain(adminText.channels.emptyHint);
    expect(draw([], null)).toContain(adminText.channels.create);
  });
  test('invites only who may', () => expect(draw([], null, 'viewer')).not.toContain(adminText.channels.create));
  test('shows what went wrong beside what was known', () => {
    const html = draw([channel], new ApiError(0, adminText.serverSilent));
    expect(html).toContain(adminText.serverSilent);
    expect(html).toContain('Council');
  });
  test('shows a live channel at a glance, with the way to its page', () => {
    const html = draw([on('live', { encoding, live: { state: 'live', session: '01', startedAt: '2026-01-01T12:00:00Z', viewers: 3 } })], null, 'viewer', {}, [event({ state: 'live' })]);
    for (const words of ['data-pill="live"', 'href="/dashboard/channels/main"', '4.5 Mbit/s', '3 viewers', adminText.source.good, '720p, 480p with x264', 'Now: Show']) expect(html).toContain(words);
    expect(html).toMatch(/<img src="\/live\/main\/poster\.jpg\?at=\d+" alt="" width="320" height="180"/);
  });
  test('asks for no picture that is not for everybody', () => {
    for (const hidden of [on('live', { access: 'token' }), on('preview')]) {
      expect(hasOpenPicture(hidden)).toBe(false);
      expect(draw([hidden], null)).not.toContain('<img');
    }
  });
  test('asks for no picture of an event that is not for everybody', () =>
    expect(draw([on('live')], null, 'viewer', {}, [event({ state: 'live', access: 'token' })])).not.toContain('<img'));
  test('shows first what is on', () => {
    const html = draw([{ ...channel, name: 'a', title: 'Quiet one' }, on('live')], null);
    expect(html.indexOf('Council')).toBeLessThan(html.indexOf('Quiet one'));
  });
  test('gathers above what needs a look', () => {
    const html = draw([on('live')], null, 'viewer', { main: [{ code: 'k', severity: 'warning', advice: 'Set the keyframe interval to 2 s.', since: '' }] });
    expect(html).toContain('class="alerts"');
    expect(html).toContain('Council: Set the keyframe interval to 2 s.');
    expect(html).toContain(adminText.source.problems(1));
    expect(draw([on('live')], null)).not.toContain('class="alerts"');
  });
  test('says neither good nor bad of a source where nobody tells', () => {
    const html = draw([on('live')], null, 'viewer', { main: [{ code: 'k', severity: 'warning', advice: 'Old advice.', since: '' }] }, [], false);
    expect(html).not.toContain('source-state');
    expect(html).not.toContain('Old advice.');
  });
});

describe('the first steps', () => {
  const none = { wasOn: false, hasEvents: false };
  const names = (steps: readonly Step[]) => steps.map((step) => [step.name, step.isDone]);
  test('of an admin are to connect, to plan, and to let others in', () => {
    const steps = firstSteps([channel], none, 'admin', false);
    expect(names(steps)).toEqual([['connect', false], ['plan', false], ['people', false]]);
    expect(steps[0]!.to).toBe('/dashboard/channels/main');
    const html = renderToStaticMarkup(<FirstSteps steps={steps} go={() => undefined} onHide={() => undefined} />);
    for (const words of [adminText.now.steps.connect.name, adminText.now.steps.plan.hint, 'href="/dashboard/schedule"', adminText.now.steps.hide]) expect(html).toContain(words);
    expect(html).not.toContain(adminText.now.steps.done);
  });
  test('are ticked by what the server knows', () => {
    expect(names(firstSteps([on('offline')], none, 'producer', false))).toEqual([['connect', false], ['plan', false]]);
    expect(names(firstSteps([on('ended')], none, 'producer', false))[0]).toEqual(['connect', true]);
    expect(names(firstSteps([on('live')], none, 'producer', false))).toEqual([['connect', true], ['plan', false]]);
    expect(names(firstSteps([channel], { ...none, wasOn: true }, 'producer', true))).toEqual([['connect', true], ['plan', false]]);
  });
  test('are over when both were done, and nobody else is told of them', () => {
    expect(firstSteps([on('live')], { ...none, hasEvents: true }, 'admin', true)).toEqual([]);
    expect(firstSteps([channel], none, 'viewer', true)).toEqual([]);
    expect(firstSteps([], none, 'admin', true)).toEqual([]);
  });
  test('stay on a device that saw the server without a channel, whatever was done before it came back to them', () => {
    const used = { wasOn: true, hasEvents: false };
    const kept = keptAfter(null, [], null, 'admin');
    expect(names(firstSteps([channel], used, 'producer', kept === 'shown'))).toEqual([['connect', true], ['plan', false]]);
    expect(keptAfter(kept, [channel], used, 'admin')).toBe('shown');
  });
  test('are kept away from a device once all was done, or where the server had a past before', () => {
    expect(keptAfter('shown', [channel], { wasOn: true, hasEvents: true }, 'admin')).toBe('hidden');
    expect(keptAfter(null, [channel], { wasOn: true, hasEvents: false }, 'admin')).toBe('hidden');
    expect(keptAfter('hidden', [], none, 'admin')).toBe('hidden');
  });
  test('are neither kept nor kept away while the past is not known, nor for who may not do them', () => {
    for (const kept of [null, 'shown'] as const) expect(keptAfter(kept, [channel], null, 'admin')).toBe(kept);
    expect(keptAfter(null, null, null, 'admin')).toBeNull();
    expect(keptAfter(null, [], null, 'viewer')).toBeNull();
  });
  test('stand below the cards, which they do not push when they come late', () => {
    const html = renderToStaticMarkup(
      <Channels api={api} system={{ version: '1', role: 'admin', ladders: [], latencies: [] }} live={{ data: [channel], error: null, refresh: () => Promise.resolve(), state: nothingKnown, isStreaming: true, isTold: true }} events={new Map()} go={() => undefined}>
        <FirstSteps steps={firstSteps([channel], none, 'admin', false)} go={() => undefined} onHide={() => undefined} />
      </Channels>,
    );
    expect(html.indexOf('class="cards"')).toBeGreaterThan(0);
    expect(html.indexOf('first-steps')).toBeGreaterThan(html.indexOf('class="cards"'));
  });
});

describe('the past by which first steps are ticked', () => {
  /** What a server answers to each path, an error where there is none; and all that was asked. */
  function answering(answers: Record<string, unknown>): string[] {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      asked.push(path);
      const answer = answers[path.replace('/api/v1', '')];
      return Promise.resolve(answer === undefined ? new Response('{"detail":"The database is away."}', { status: 503 }) : new Response(JSON.stringify(answer)));
    });
    return asked;
  }
  const nothing = { '/recordings?limit=1': [], '/events?limit=1': [], '/channels/main/sessions?limit=1': [] };
  const stepsOf = async (channels: Channel[], wasShown = false) => firstSteps(channels, await askPast(api, channels), 'producer', wasShown).map((step) => step.isDone);
  afterEach(() => vi.unstubAllGlobals());

  test('of a new server is empty: all is to be done', async () => {
    answering(nothing);
    expect(await stepsOf([channel])).toEqual([false, false]);
  });
  test('has events that are over: that one was planned stays ticked', async () => {
    answering({ ...nothing, '/events?limit=1': [event({ state: 'ended', startsAt: '2020-01-01T18:00:00Z' })] });
    expect(await stepsOf([channel], true)).toEqual([false, true]);
  });
  test('has broadcasts that were not recorded: that an encoder came stays ticked when it has gone', async () => {
    answering({ ...nothing, '/channels/main/sessions?limit=1': [{ id: '01S' }] });
    expect(await stepsOf([{ ...channel, record: false }], true)).toEqual([true, false]);
  });
  test.each([
    ['recordings', { '/recordings?limit=1': [{ id: '01R' }] }],
    ['events', { '/events?limit=1': [event({ state: 'cancelled' })] }],
    ['sessions', { '/channels/main/sessions?limit=1': [{ id: '01S' }] }],
  ])('of a server with %s says that it is not new, to who was not shown the steps before', async (_, more) => {
    answering({ ...nothing, ...more });
    expect(await stepsOf([channel])).toEqual([]);
  });
  test.each(Object.keys(nothing))('is not known where %s is not answered', async (path) => {
    answering({ ...nothing, [path]: undefined });
    await expect(askPast(api, [channel])).rejects.toThrow('The database is away.');
  });
  test('is not looked for in every one of many channels', async () => {
    const asked = answering(nothing);
    expect((await askPast(api, Array.from({ length: 11 }, (_, at) => ({ ...channel, name: `c${at}` })))).wasOn).toBe(true);
    expect(asked).toHaveLength(2);
  });
});

describe('alerts', () => {
  test('tell the gravest first', () => {
    const events = nextEvents([event({ channel: 'late', state: 'preview', lateSince: '2030-01-01T18:00:00Z' })]);
    const channels = [on('live', { encoding: { ...encoding, step: 2, reason: 'too slow' } }), { ...on('waiting'), name: 'gone', title: '' }, { ...channel, name: 'late', title: '' }];
    const alerts = alertsOf(channels, {}, events);
    expect(alerts.map((alert) => [alert.channel, alert.severity])).toEqual([['gone', 'error'], ['late', 'error'], ['main', 'warning']]);
    expect(alerts[2]!.words).toContain('too slow');
  });
  test('tell that nobody encodes', () => expect(alertsOf([on('live', { encoding: { ...encoding, encoder: null } })], {}, new Map())[0]!.severity).toBe('error'));
  test('tell nothing of a channel that is off', () => expect(alertsOf([{ ...channel, encoding: { ...encoding, step: 3 } }], {}, new Map())).toEqual([]));
});

describe('a channel in words', () => {
  test.each([[4_512_000, '4.5 Mbit/s'], [96_000, '96 kbit/s']])('%d bits a second are %s', (rate, words) => expect(rateText(rate)).toBe(words));
  test('its rate is what viewers get', () => expect(rateOf({ ...channel, inputs: [{ ...input, onAir: false, bitsPerSecond: 1 }, input] })).toBe(4_512_000));
  test('nobody counts its viewers where nothing is said', () => {
    expect(viewersWords(on('live'))).toBeNull();
    expect(viewersWords(on('live', { live: { state: 'live', session: null, startedAt: null, viewers: 1 } }))).toBe('1 viewer');
  });
  test('its source does well, badly, or is gone', () => {
    expect(healthWords(channel, [], true)).toBeNull();
    expect(healthWords(on('live'), [], true)?.isGood).toBe(true);
    expect(healthWords(on('live'), [{ code: 'x', severity: 'error', advice: '', since: '' }], true)?.isGood).toBe(false);
    expect(healthWords(on('waiting'), [], false)).toEqual({ words: adminText.now.encoderGone, isGood: false });
  });
  test('its source is not called good where nobody tells what is wrong', () => expect(healthWords(on('live'), [], false)).toBeNull());
  test('what encodes it, or that nothing does', () => {
    expect(encoderWords(null)).toBe(adminText.now.passesSource);
    expect(encoderWords({ ...encoding, encoder: null })).toBe(adminText.encoding.nothing);
  });
  test('its next event is the first to come, or the one that is on', () => {
    expect(nextEvents([event({ id: 'over', state: 'ended' }), event({ id: 'a' }), event({ id: 'b' })]).get('main')!.id).toBe('a');
    expect(nextEvents([event({ id: 'a' }), event({ id: 'on', state: 'live' })]).get('main')!.id).toBe('on');
    expect(nextEvents([event({ kind: 'series' })]).size).toBe(0);
  });
});

describe('the address of a channel’s page', () => {
  test('has its name', () => expect(placeOf(addressOf('channels', 'main'))).toEqual({ page: 'channels', part: 'main' }));
  test('without a name shows what is on', () => expect(placeOf('/dashboard/channels')).toMatchObject({ page: 'now' }));
});
