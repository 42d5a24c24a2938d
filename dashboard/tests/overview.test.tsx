import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Api, ApiError, type Channel } from '../src/admin/api';
import { type LiveState, initialLiveState } from '../src/admin/live/liveState';
import { routePath, parseRoute } from '../src/admin/navigation';
import { alertsOf } from '../src/admin/overview/alerts';
import { encodingText, hasPublicMedia, healthText, nextEvents, bitrateOf, bitrateText, viewersText } from '../src/admin/overview/cardText';
import { fetchHistory, FirstSteps, firstSteps, nextVisibility, type Step } from '../src/admin/overview/FirstSteps';
import { Channels } from '../src/admin/overview/OverviewPage';
import type { PlannedEvent } from '../src/admin/schedule/eventApi';
import { adminText } from '../src/text';

const api = new Api(null, adminText);
const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', dvrWindow: 'off', live: null };
const input = { role: 'primary', state: 'good', onAir: true, since: '2030-01-01T12:00:00Z', bitsPerSecond: 4_512_000 };
const withState = (state: string, more: Partial<Channel> = {}): Channel => ({
  ...channel,
  live: { state, session: '01', startedAt: '2026-01-01T12:00:00Z' },
  inputs: [input],
  ...more,
});
const encoding = {
  encoder: 'x264',
  rungs: [{ name: '720p' }, { name: '480p' }],
  droppedRungs: [],
  speedLevel: 0,
  halfRate: false,
  degradationLevel: 0,
  reason: null,
  lagSeconds: 0.42,
  restarts: 0,
};
const event = (more: Partial<PlannedEvent>): PlannedEvent =>
  ({
    id: 'e',
    kind: 'single',
    channel: 'main',
    title: 'Show',
    state: 'scheduled',
    startsAt: '2030-01-01T18:00:00Z',
    endsAt: '2030-01-01T19:00:00Z',
    lateSince: null,
    ...more,
  }) as PlannedEvent;

const render = (
  data: Channel[] | null,
  error: ApiError | null,
  role = 'admin',
  issues: LiveState['issues'] = {},
  events: PlannedEvent[] = [],
  isHealthKnown = true,
) =>
  renderToStaticMarkup(
    <Channels
      api={api}
      system={{ version: '1', role, ladders: ['passthrough'], latencies: ['standard'] }}
      live={{
        data,
        error,
        refresh: () => Promise.resolve(),
        state: { ...initialLiveState, channels: data, issues },
        isStreaming: isHealthKnown,
        isHealthKnown,
      }}
      events={nextEvents(events)}
      go={() => undefined}
    />,
  );

describe('the overview', () => {
  test('shows that it loads', () => expect(render(null, null)).toContain(adminText.loading));
  test('offers to create the first channel', () => {
    expect(render([], null)).toContain(adminText.channels.emptyHint);
    expect(render([], null)).toContain(adminText.channels.create);
  });
  test('offers this only with permission', () => expect(render([], null, 'viewer')).not.toContain(adminText.channels.create));
  test('shows an error next to known channels', () => {
    const html = render([channel], new ApiError(0, adminText.serverUnreachable));
    expect(html).toContain(adminText.serverUnreachable);
    expect(html).toContain('Council');
  });
  test('shows a live channel with a link to its page', () => {
    const html = render(
      [withState('live', { encoding, live: { state: 'live', session: '01', startedAt: '2026-01-01T12:00:00Z', viewers: 3 } })],
      null,
      'viewer',
      {},
      [event({ state: 'live' })],
    );
    for (const label of [
      'data-pill="live"',
      'href="/dashboard/channels/main"',
      '4.5 Mbit/s',
      '3 viewers',
      adminText.source.healthy,
      '720p, 480p with x264',
      'Now: Show',
    ])
      expect(html).toContain(label);
    expect(html).toMatch(/<img src="\/live\/main\/poster\.jpg\?optional&amp;at=\d+" alt="" width="320" height="180"/);
  });
  test('requests no image of a restricted channel', () => {
    for (const hidden of [withState('live', { access: 'token' }), withState('preview')]) {
      expect(hasPublicMedia(hidden)).toBe(false);
      expect(render([hidden], null)).not.toContain('<img');
    }
  });
  test('requests no image of a restricted event', () =>
    expect(render([withState('live')], null, 'viewer', {}, [event({ state: 'live', access: 'token' })])).not.toContain('<img'));
  test('lists live channels first', () => {
    const html = render([{ ...channel, name: 'a', title: 'Quiet one' }, withState('live')], null);
    expect(html.indexOf('Council')).toBeLessThan(html.indexOf('Quiet one'));
  });
  test('shows alerts', () => {
    const html = render([withState('live')], null, 'viewer', {
      main: [{ code: 'k', severity: 'warning', advice: 'Set the keyframe interval to 2 s.', since: '' }],
    });
    expect(html).toContain('class="alerts"');
    expect(html).toContain('Council: Set the keyframe interval to 2 s.');
    expect(html).toContain(adminText.source.issues(1));
    expect(render([withState('live')], null)).not.toContain('class="alerts"');
  });
  test('shows no health while it is unknown', () => {
    const html = render(
      [withState('live')],
      null,
      'viewer',
      { main: [{ code: 'k', severity: 'warning', advice: 'Old advice.', since: '' }] },
      [],
      false,
    );
    expect(html).not.toContain('source-state');
    expect(html).not.toContain('Old advice.');
  });
});

describe('the first steps', () => {
  const emptyHistory = { hadBroadcast: false, hasEvents: false };
  const names = (steps: readonly Step[]) => steps.map((step) => [step.name, step.isDone]);
  test('of an admin are connecting, scheduling and adding users', () => {
    const steps = firstSteps([channel], emptyHistory, 'admin', false);
    expect(names(steps)).toEqual([
      ['connect', false],
      ['plan', false],
      ['users', false],
    ]);
    expect(steps[0]!.target).toBe('/dashboard/channels/main');
    const html = renderToStaticMarkup(<FirstSteps steps={steps} go={() => undefined} onHide={() => undefined} />);
    for (const label of [
      adminText.overview.steps.connect.name,
      adminText.overview.steps.plan.hint,
      'href="/dashboard/schedule"',
      adminText.overview.steps.hide,
    ])
      expect(html).toContain(label);
    expect(html).not.toContain(adminText.overview.steps.done);
  });
  test('are marked as done by the server’s history', () => {
    expect(names(firstSteps([withState('offline')], emptyHistory, 'producer', false))).toEqual([
      ['connect', false],
      ['plan', false],
    ]);
    expect(names(firstSteps([withState('ended')], emptyHistory, 'producer', false))[0]).toEqual(['connect', true]);
    expect(names(firstSteps([withState('live')], emptyHistory, 'producer', false))).toEqual([
      ['connect', true],
      ['plan', false],
    ]);
    expect(names(firstSteps([channel], { ...emptyHistory, hadBroadcast: true }, 'producer', true))).toEqual([
      ['connect', true],
      ['plan', false],
    ]);
  });
  test('disappear when done, and require permission', () => {
    expect(firstSteps([withState('live')], { ...emptyHistory, hasEvents: true }, 'admin', true)).toEqual([]);
    expect(firstSteps([channel], emptyHistory, 'viewer', true)).toEqual([]);
    expect(firstSteps([], emptyHistory, 'admin', true)).toEqual([]);
  });
  test('stay on a device that saw the server without channels', () => {
    const used = { hadBroadcast: true, hasEvents: false };
    const visibility = nextVisibility(null, [], null, 'admin');
    expect(names(firstSteps([channel], used, 'producer', visibility === 'shown'))).toEqual([
      ['connect', true],
      ['plan', false],
    ]);
    expect(nextVisibility(visibility, [channel], used, 'admin')).toBe('shown');
  });
  test('are hidden on a device when done, or on a server with history', () => {
    expect(nextVisibility('shown', [channel], { hadBroadcast: true, hasEvents: true }, 'admin')).toBe('hidden');
    expect(nextVisibility(null, [channel], { hadBroadcast: true, hasEvents: false }, 'admin')).toBe('hidden');
    expect(nextVisibility('hidden', [], emptyHistory, 'admin')).toBe('hidden');
  });
  test('do not change while the history is unknown or without permission', () => {
    for (const visibility of [null, 'shown'] as const) expect(nextVisibility(visibility, [channel], null, 'admin')).toBe(visibility);
    expect(nextVisibility(null, null, null, 'admin')).toBeNull();
    expect(nextVisibility(null, [], null, 'viewer')).toBeNull();
  });
  test('follow the channel list, so that they do not shift it', () => {
    const html = renderToStaticMarkup(
      <Channels
        api={api}
        system={{ version: '1', role: 'admin', ladders: [], latencies: [] }}
        live={{
          data: [channel],
          error: null,
          refresh: () => Promise.resolve(),
          state: initialLiveState,
          isStreaming: true,
          isHealthKnown: true,
        }}
        events={new Map()}
        go={() => undefined}
      >
        <FirstSteps steps={firstSteps([channel], emptyHistory, 'admin', false)} go={() => undefined} onHide={() => undefined} />
      </Channels>,
    );
    expect(html.indexOf('class="cards"')).toBeGreaterThan(0);
    expect(html.indexOf('first-steps')).toBeGreaterThan(html.indexOf('class="cards"'));
  });
});

describe('the server’s history', () => {
  /** Stubs responses by path, with an error for other paths, and returns the requested paths. */
  function stubServer(answers: Record<string, unknown>): string[] {
    const requestedPaths: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      requestedPaths.push(path);
      const answer = answers[path.replace('/api/v1', '')];
      return Promise.resolve(
        answer === undefined ? new Response('{"detail":"The database is away."}', { status: 503 }) : new Response(JSON.stringify(answer)),
      );
    });
    return requestedPaths;
  }
  const emptyAnswers = { '/recordings?limit=1': [], '/events?limit=1': [], '/channels/main/sessions?limit=1': [] };
  const stepsOf = async (channels: Channel[], wasShown = false) =>
    firstSteps(channels, await fetchHistory(api, channels), 'producer', wasShown).map((step) => step.isDone);
  afterEach(() => vi.unstubAllGlobals());

  test('of a new server is empty', async () => {
    stubServer(emptyAnswers);
    expect(await stepsOf([channel])).toEqual([false, false]);
  });
  test('includes past events', async () => {
    stubServer({ ...emptyAnswers, '/events?limit=1': [event({ state: 'ended', startsAt: '2020-01-01T18:00:00Z' })] });
    expect(await stepsOf([channel], true)).toEqual([false, true]);
  });
  test('includes unrecorded broadcasts', async () => {
    stubServer({ ...emptyAnswers, '/channels/main/sessions?limit=1': [{ id: '01S' }] });
    expect(await stepsOf([{ ...channel, record: false }], true)).toEqual([true, false]);
  });
  test.each([
    ['recordings', { '/recordings?limit=1': [{ id: '01R' }] }],
    ['events', { '/events?limit=1': [event({ state: 'cancelled' })] }],
    ['sessions', { '/channels/main/sessions?limit=1': [{ id: '01S' }] }],
  ])('with %s hides the steps, unless they were shown before', async (_, more) => {
    stubServer({ ...emptyAnswers, ...more });
    expect(await stepsOf([channel])).toEqual([]);
  });
  test.each(Object.keys(emptyAnswers))('is unknown if %s fails', async (path) => {
    stubServer({ ...emptyAnswers, [path]: undefined });
    await expect(fetchHistory(api, [channel])).rejects.toThrow('The database is away.');
  });
  test('is not loaded for many channels', async () => {
    const requestedPaths = stubServer(emptyAnswers);
    expect(
      (
        await fetchHistory(
          api,
          Array.from({ length: 11 }, (_, at) => ({ ...channel, name: `c${at}` })),
        )
      ).hadBroadcast,
    ).toBe(true);
    expect(requestedPaths).toHaveLength(2);
  });
});

describe('alerts', () => {
  test('are ordered by severity', () => {
    const events = nextEvents([event({ channel: 'late', state: 'preview', lateSince: '2030-01-01T18:00:00Z' })]);
    const channels = [
      withState('live', { encoding: { ...encoding, degradationLevel: 2, reason: 'too slow' } }),
      { ...withState('waiting'), name: 'gone', title: '' },
      { ...channel, name: 'late', title: '' },
    ];
    const alerts = alertsOf(channels, {}, events);
    expect(alerts.map((alert) => [alert.channel, alert.severity])).toEqual([
      ['gone', 'error'],
      ['late', 'error'],
      ['main', 'warning'],
    ]);
    expect(alerts[2]!.message).toContain('too slow');
  });
  test('report a missing encoder', () =>
    expect(alertsOf([withState('live', { encoding: { ...encoding, encoder: null } })], {}, new Map())[0]!.severity).toBe('error'));
  test('ignore offline channels', () => {
    const offline = { ...channel, encoding: { ...encoding, degradationLevel: 3 } };
    expect(alertsOf([offline], {}, new Map())).toEqual([]);
  });
});

describe('the summary of a channel', () => {
  test.each([
    [4_512_000, '4.5 Mbit/s'],
    [96_000, '96 kbit/s'],
  ])('%d bit/s is %s', (rate, label) => expect(bitrateText(rate)).toBe(label));
  test('has the bitrate that viewers receive', () =>
    expect(bitrateOf({ ...channel, inputs: [{ ...input, onAir: false, bitsPerSecond: 1 }, input] })).toBe(4_512_000));
  test('has no number of viewers if they are not counted', () => {
    expect(viewersText(withState('live'))).toBeNull();
    expect(viewersText(withState('live', { live: { state: 'live', session: null, startedAt: null, viewers: 1 } }))).toBe('1 viewer');
  });
  test('has the source’s health', () => {
    expect(healthText(channel, [], true)).toBeNull();
    expect(healthText(withState('live'), [], true)?.isHealthy).toBe(true);
    expect(healthText(withState('live'), [{ code: 'x', severity: 'error', advice: '', since: '' }], true)?.isHealthy).toBe(false);
    expect(healthText(withState('waiting'), [], false)).toEqual({ label: adminText.overview.encoderLost, isHealthy: false });
  });
  test('has no health while it is unknown', () => expect(healthText(withState('live'), [], false)).toBeNull());
  test('has the encoding', () => {
    expect(encodingText(null)).toBe(adminText.overview.passthrough);
    expect(encodingText({ ...encoding, encoder: null })).toBe(adminText.encoding.notEncoding);
  });
  test('has the current or next event', () => {
    expect(nextEvents([event({ id: 'over', state: 'ended' }), event({ id: 'a' }), event({ id: 'b' })]).get('main')!.id).toBe('a');
    expect(nextEvents([event({ id: 'a' }), event({ id: 'on', state: 'live' })]).get('main')!.id).toBe('on');
    expect(nextEvents([event({ kind: 'series' })]).size).toBe(0);
  });
});

describe('the path of a channel page', () => {
  test('contains the channel’s name', () => expect(parseRoute(routePath('channels', 'main'))).toEqual({ page: 'channels', part: 'main' }));
  test('without a name shows the overview', () => expect(parseRoute('/dashboard/channels')).toMatchObject({ page: 'overview' }));
});
