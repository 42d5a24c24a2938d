import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { Api, ApiError, type Channel } from '../src/admin/api';
import { type LiveState, nothingKnown } from '../src/admin/live/liveState';
import { addressOf, placeOf } from '../src/admin/navigation';
import { alertsOf } from '../src/admin/now/alerts';
import { encoderWords, hasOpenPicture, healthWords, nextEvents, rateOf, rateText, viewersWords } from '../src/admin/now/cardWords';
import { FirstSteps, firstSteps, type Step } from '../src/admin/now/FirstSteps';
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
  const none = { hasRecordings: false, hasEvents: false };
  const names = (steps: readonly Step[]) => steps.map((step) => [step.name, step.isDone]);
  test('of an admin are to connect, to plan, and to let others in', () => {
    const steps = firstSteps([channel], none, 'admin');
    expect(names(steps)).toEqual([['connect', false], ['plan', false], ['people', false]]);
    expect(steps[0]!.to).toBe('/dashboard/channels/main');
    const html = renderToStaticMarkup(<FirstSteps steps={steps} go={() => undefined} onHide={() => undefined} />);
    for (const words of [adminText.now.steps.connect.name, adminText.now.steps.plan.hint, 'href="/dashboard/schedule"', adminText.now.steps.hide]) expect(html).toContain(words);
    expect(html).not.toContain(adminText.now.steps.done);
  });
  test('are ticked by what the server knows', () => {
    expect(names(firstSteps([on('offline')], none, 'producer'))).toEqual([['connect', false], ['plan', false]]);
    expect(names(firstSteps([on('ended')], none, 'producer'))[0]).toEqual(['connect', true]);
    expect(names(firstSteps([on('live')], none, 'producer'))).toEqual([['connect', true], ['plan', false]]);
    expect(names(firstSteps([channel], { hasRecordings: true, hasEvents: false }, 'producer'))).toEqual([['connect', true], ['plan', false]]);
  });
  test('are over when both were done, and nobody else is told of them', () => {
    expect(firstSteps([on('live')], { hasRecordings: false, hasEvents: true }, 'admin')).toEqual([]);
    expect(firstSteps([channel], none, 'viewer')).toEqual([]);
    expect(firstSteps([], none, 'admin')).toEqual([]);
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
