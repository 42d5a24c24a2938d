import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { Api, type Channel } from '../src/admin/api';
import { Chart } from '../src/admin/channel/charts/Chart';
import { chartKinds } from '../src/admin/channel/charts/kinds';
import {
  createAxis,
  rangeStart,
  appendMeasurements,
  findNearest,
  niceStep,
  createPath,
  type Point,
  summarize,
  nearestMark,
  timeTicks,
  valueTicks,
} from '../src/admin/channel/charts/series';
import { ChannelActions } from '../src/admin/channel/ChannelActions';
import { ChannelPage } from '../src/admin/channel/ChannelPage';
import { createConnectKey, type ActivityEntry } from '../src/admin/channel/channelApi';
import { ConnectPanel, keyHint } from '../src/admin/channel/ConnectPanel';
import { EncodingFacts } from '../src/admin/channel/EncodingSection';
import { forgetSecrets, forgetKey, storedKey, storedPreviewToken, storeKey, storePreviewToken } from '../src/admin/channel/pageSecrets';
import { Preview } from '../src/admin/channel/Preview';
import { ShareSection } from '../src/admin/channel/ShareSection';
import { actorName, activityKind, activityText } from '../src/admin/channel/activityText';
import { initialLiveState } from '../src/admin/live/liveState';
import { nextEventsOf } from '../src/admin/overview/useNextEvents';
import type { PlannedEvent } from '../src/admin/schedule/eventApi';
import { adminText } from '../src/text';

const api = new Api(null, adminText);
const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', dvrWindow: 'off', live: null };
const withState = (state: string, more: Partial<Channel> = {}): Channel => ({
  ...channel,
  live: { state, session: '01', startedAt: null },
  ...more,
});
const text = adminText.channelPage;

/** A chart with a mark at 0 s, and 15 minutes long. */
function renderChart(pointedAt: number | null): string {
  return renderToStaticMarkup(
    <Chart
      kind={chartKinds[0]!}
      points={[
        [0, 2],
        [900_000, 4],
      ]}
      marks={[
        { at: 0, kind: 'encoder', text: 'Encoder connected' },
        { at: -1, kind: 'event', text: 'Before the range' },
      ]}
      from={0}
      to={900_000}
      intervalMs={5000}
      pointedAt={pointedAt}
      onPoint={() => undefined}
    />,
  );
}

describe('a chart', () => {
  const points: Point[] = [
    [0, 2],
    [5000, 4],
    [10_000, null],
    [15_000, 3],
  ];
  test('has the latest value, minimum and maximum', () => {
    expect(summarize(points)).toEqual({ latest: 3, min: 2, max: 4 });
    expect(
      summarize([
        [0, 1],
        [1, null],
      ]),
    ).toEqual({ latest: null, min: 1, max: 1 });
    expect(summarize([[0, null]])).toBeNull();
  });
  test('has an axis with round numbers, including 0 if it is near', () => {
    expect(createAxis(1, 9)).toEqual({ from: 0, to: 10 });
    expect(createAxis(29.9, 30.1).from).toBeGreaterThan(29);
    const skew = createAxis(-40, 20);
    expect(skew.from).toBeLessThanOrEqual(-40);
    expect(skew.to).toBeGreaterThanOrEqual(20);
    const flat = createAxis(5, 5);
    expect(flat.from).toBeLessThan(flat.to);
    expect(createAxis(0, 0).to).toBeGreaterThan(0);
  });
  test.each([
    [0.3, 0.5],
    [1, 1],
    [3, 5],
    [7, 10],
    [0.02, 0.02],
  ])('steps of at least %d are %d', (least, step) => expect(niceStep(least)).toBe(step));
  test('interrupts its line where measurements are missing', () => {
    const frame = { from: 0, to: 20_000, low: 0, high: 4, width: 200, height: 100 };
    expect(createPath(points, frame, 12_500)).toBe('M0 50L50 0M150 25');
    expect(
      createPath(
        [
          [0, 4],
          [20_000, 4],
        ],
        frame,
        12_500,
      ),
    ).toBe('M0 0M200 0');
  });
  test('finds the point nearest to the pointer', () => {
    expect(findNearest(points, 9000)).toEqual([5000, 4]);
    expect(findNearest([], 0)).toBeNull();
  });
  test('starts with the first measurement of a new broadcast', () => {
    expect(rangeStart(3_600_000, 900_000, 0)).toBe(2_700_000);
    expect(rangeStart(3_600_000, 900_000, 3_000_000)).toBe(3_000_000);
    expect(rangeStart(3_600_000, 900_000, 3_590_000)).toBe(3_480_000);
    expect(rangeStart(3_600_000, 900_000, null)).toBe(2_700_000);
  });
  test('appends new points without duplicates and drops old ones', () => {
    const at = (second: number) => ({ at: new Date(second * 1000).toISOString() });
    expect(appendMeasurements([at(1), at(2)], [at(2), at(3)], 2000)).toEqual([at(2), at(3)]);
    expect(appendMeasurements([], [at(1)], 0)).toEqual([at(1)]);
  });
  test('has a text summary', () => {
    const html = renderToStaticMarkup(
      <Chart
        kind={chartKinds[0]!}
        points={[
          [0, 2],
          [5000, 4],
        ]}
        marks={[]}
        from={0}
        to={10_000}
        intervalMs={5000}
        pointedAt={null}
        onPoint={() => undefined}
      />,
    );
    for (const text_1 of ['4.00 Mbit/s', 'between 2.00 Mbit/s and 4.00 Mbit/s', 'role="img"', 'data-points="2"'])
      expect(html).toContain(text_1);
    expect(
      renderToStaticMarkup(
        <Chart
          kind={chartKinds[0]!}
          points={[]}
          marks={[]}
          from={0}
          to={1}
          intervalMs={5000}
          pointedAt={null}
          onPoint={() => undefined}
        />,
      ),
    ).toContain(text.charts.noneInRange);
    expect(html).not.toContain('style=');
  });
  test('labels its axes with units and local times', () => {
    expect(valueTicks(0, 10)).toEqual([0, 5, 10]);
    expect(valueTicks(29.5, 30.25)).toEqual([29.6, 29.8, 30, 30.2]);
    expect(valueTicks(-40, 20)).toEqual([-40, -20, 0, 20]);
    const noon = new Date(2030, 5, 1, 12, 0, 0).getTime();
    const minutes = (ticks: number[]) => ticks.map((at) => (at - noon) / 60_000);
    expect(minutes(timeTicks(noon - 14 * 60_000, noon + 60_000))).toEqual([-10, -5, 0]);
    expect(minutes(timeTicks(noon - 3600_000, noon))).toEqual([-60, -45, -30, -15, 0]);
    expect(minutes(timeTicks(noon - 86_400_000, noon)).length).toBe(5);
    const html = renderChart(null);
    for (const label of ['0 Mbit/s', '2 Mbit/s', '4 Mbit/s']) expect(html).toContain(`>${label}</text>`);
  });
  test('shows value and activity at the selected instant', () => {
    expect(renderChart(null)).toContain('data-marks="1"');
    expect(renderChart(null)).not.toContain('Encoder connected');
    const html = renderChart(5000);
    expect(html).toContain('2.00 Mbit/s at');
    expect(html).toContain(': Encoder connected</p>');
    expect(html).toContain('chart-cursor');
    expect(renderChart(900_000)).not.toContain('Encoder connected');
    expect(nearestMark([], 0, 10)).toBeNull();
  });
});

describe('the activity of a channel', () => {
  const createEntry = (type: string, data: Record<string, unknown> = {}, actor: string | null = null): ActivityEntry => ({
    id: '1',
    at: '',
    type,
    session: null,
    actor,
    data,
  });
  test.each([
    [createEntry('session.ended', { reason: 'ended by an operator' }), 'Broadcast ended: ended by an operator', 'session'],
    [createEntry('publish.started', { input: 'backup', continued: true }), 'Backup encoder reconnected', 'encoder'],
    [createEntry('publish.stopped', { input: 'primary', reason: 'closed' }), 'Encoder disconnected: closed', 'encoder'],
    [createEntry('health.issue', { advice: 'Set it to 2 s.' }), 'Set it to 2 s.', 'problem'],
    [createEntry('input.back', { seconds: 3.4 }), 'Input restored after 3 s', 'encoder'],
    [createEntry('event.live', { title: 'Show', reason: 'by jane' }), '“Show”: Live (by jane)', 'event'],
    [createEntry('recording.ready', { title: '' }), 'Recording ready', 'recording'],
    [createEntry('audit', { action: 'key.rotate' }, 'user/jane Jane Doe'), 'Stream key rotated by Jane Doe', 'change'],
    [createEntry('audit', { action: 'thing.do' }, 'server/'), 'thing.do by the server', 'change'],
    [createEntry('something.new'), 'something.new', 'encoder'],
  ])('%j is shown as %s', (one, text_1, kind) => {
    expect(activityText(one)).toBe(text_1);
    expect(activityKind(one)).toBe(kind);
  });
  test('names the actor', () => {
    expect(actorName('user/jane')).toBe('jane');
    expect(actorName('token/ab12cd34 Shop')).toBe('Shop');
    expect(actorName('token/ab12cd34')).toBe('an API token');
    expect(actorName(null)).toBe('');
  });
});

describe('connecting an encoder', () => {
  const render = (state: string, key: string | null = 'demo_secret') =>
    renderToStaticMarkup(
      <ConnectPanel
        rtmp="rtmp://h:1935/live"
        streamKey={key}
        state={state}
        onCreateKey={() => Promise.resolve()}
        onClose={() => undefined}
      />,
    );
  test('shows server and stream key, and waits', () => {
    for (const text_1 of ['rtmp://h:1935/live', 'demo_secret', text.connect.waiting, 'data-connected="false"'])
      expect(render('offline')).toContain(text_1);
    expect(render('offline', null)).toContain(text.connect.keyHidden);
  });
  test('offers to create a key if none is known', () => {
    const html = render('offline', null);
    expect(html).toContain(`>${text.connect.createKey}</button>`);
    expect(html).toContain(text.connect.obsNoKey);
    expect(html).not.toContain(text.connect.obs);
    expect(render('offline')).not.toContain(text.connect.createKey);
  });
  test('announces the hint about the key and its creation', () => {
    for (const [key, hint] of [
      ['demo_secret', text.connect.keyOnce],
      [null, text.connect.keyHidden],
    ] as const)
      expect(render('offline', key)).toContain(`role="status">${hint}</p>`);
    expect(keyHint(true, true)).toBe(`${text.connect.keyCreated} ${text.connect.keyOnce}`);
    expect(keyHint(false, false)).not.toContain(text.connect.keyCreated);
  });
  test('creates a key with a label that tells its purpose', async () => {
    const sent: unknown[] = [];
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      sent.push([path, JSON.parse(String(init.body))]);
      return Promise.resolve(new Response('{"streamKey":"main_secret"}'));
    });
    expect(await createConnectKey(api, 'main', new Date(2030, 5, 1))).toBe('main_secret');
    expect(sent).toEqual([['/api/v1/channels/main/keys', { role: 'primary', label: text.connect.keyLabel('2030-06-01') }]]);
    vi.unstubAllGlobals();
  });
  test('confirms the connection', () => {
    for (const state of ['starting', 'preview', 'live']) expect(render(state)).toContain('data-connected="true"');
    expect(render('live')).toContain(text.connect.live);
    expect(render('live')).not.toContain('demo_secret');
  });
  test('keeps the key until it is revoked or the user signs out', () => {
    storeKey('main', 'k1');
    storeKey('other', 'k2');
    storePreviewToken('main', { token: 't', expiresAt: 1 });
    forgetKey('main');
    expect([storedKey('main'), storedKey('other')]).toEqual([null, 'k2']);
    forgetSecrets();
    expect([storedKey('other'), storedPreviewToken('main')]).toEqual([null, null]);
  });
});

describe('the preview', () => {
  const render = (of: Channel, mayManage = true, event?: PlannedEvent, isKnown = true) =>
    renderToStaticMarkup(<Preview api={api} channel={of} event={event} isEventKnown={isKnown} canManage={mayManage} />);
  test('of a public channel is its embed page', () =>
    expect(render(withState('live'))).toContain('src="/embed/main?muted=1&amp;counted=0"'));
  test('of an offline channel shows a message', () => expect(render(channel)).toContain(text.preview.offline));
  test('of a restricted channel requires a viewer link', () => {
    expect(render(withState('live', { access: 'token' }))).not.toContain('<iframe');
    expect(render(withState('preview'), false)).toContain(text.preview.noPermission);
  });
  test('of a restricted live event requires a viewer link', () => {
    const event = { id: 'e', state: 'live', title: 'Show', access: 'token' } as PlannedEvent;
    expect(render(withState('live'), true, event)).not.toContain('<iframe');
    expect(render(withState('live'), false, event)).toContain(text.preview.noPermission);
    for (const open of [
      { ...event, access: 'channel' },
      { ...event, access: 'public' },
      { ...event, state: 'scheduled' as const },
    ]) {
      expect(render(withState('live'), true, open)).toContain('src="/embed/main?muted=1&amp;counted=0"');
    }
  });
  test('waits until the event’s access policy is known', () => {
    expect(render(withState('live'), true, undefined, false)).not.toContain('<iframe');
    expect(render(withState('live'), false, undefined, false)).toContain(adminText.loading);
  });
  test('does not start if events could not be loaded', () => {
    expect(nextEventsOf(null).isKnown).toBe(false);
    expect(nextEventsOf([])).toEqual({ events: new Map(), isKnown: true });
  });
  test('reuses an existing viewer link', () => {
    storePreviewToken('main', { token: '1p.x', expiresAt: Date.now() + 3600_000 });
    expect(render(withState('preview'))).toContain('src="/t/1p.x/embed/main?muted=1&amp;counted=0"');
    forgetSecrets();
  });
});

describe('the share section', () => {
  const render = (of: Channel, mayManage = true) =>
    renderToStaticMarkup(<ShareSection channel={of} origin="https://live.example.org" canManage={mayManage} />);
  test('contains watch URL and embed code', () => {
    const html = render({ ...channel, access: 'public' });
    expect(html).toContain('value="https://live.example.org/watch/main"');
    expect(html).toContain('https://live.example.org/embed/main');
    expect(html).toContain(text.share.hints.public);
  });
  test('uses the configured public URL, or else the dashboard’s origin', () => {
    const render = (publicUrl: string | null) =>
      renderToStaticMarkup(
        <ChannelPage
          api={api}
          system={{ version: '1', role: 'viewer', ladders: [], latencies: [], publicUrl }}
          live={{
            data: [channel],
            error: null,
            refresh: () => Promise.resolve(),
            state: initialLiveState,
            isStreaming: true,
            isHealthKnown: true,
          }}
          rtmp=""
          name="main"
          go={() => undefined}
        />,
      );
    vi.stubGlobal('window', { location: { origin: 'http://10.0.0.5:8080' } });
    const html = render('https://live.example.org');
    expect(html).toContain('value="https://live.example.org/watch/main"');
    expect(html).not.toContain('10.0.0.5');
    expect(render(null)).toContain('value="http://10.0.0.5:8080/watch/main"');
    vi.unstubAllGlobals();
  });
  test('explains that viewers need a link, to users who can create one', () => {
    expect(render({ ...channel, access: 'token' })).toContain(text.share.hints.token);
    expect(render({ ...channel, access: 'token' }, false)).toContain(text.share.hints.other);
  });
});

describe('the actions of a channel', () => {
  const render = (of: Channel, mayManage = true, event?: PlannedEvent) =>
    renderToStaticMarkup(<ChannelActions api={api} channel={of} event={event} canManage={mayManage} onChanged={() => undefined} />);
  const inputs = [{ role: 'primary', state: 'good', onAir: true, since: '', bitsPerSecond: null }];
  test('are ending the broadcast, and disconnecting a connected encoder', () => {
    expect(render(withState('live', { inputs }))).toContain(text.kick);
    expect(render(withState('waiting'))).not.toContain(text.kick);
    expect(render(withState('waiting'))).toContain(adminText.channels.end);
    expect(render(channel)).not.toContain(adminText.channels.end);
  });
  test('are limited to watching without permission', () => {
    const html = render(withState('live', { inputs }), false);
    expect(html).toContain('href="/watch/main"');
    expect(html).not.toContain('<button');
  });
  test('include going live during a preview', () => {
    const event = { id: 'e', state: 'preview', title: 'Show' } as PlannedEvent;
    expect(render(withState('preview'), true, event)).toContain(text.goLive);
    expect(render(withState('live'), true, { ...event, state: 'live' })).not.toContain(text.goLive);
  });
});

describe('the encoding of a channel', () => {
  const encoding = {
    encoder: 'x264',
    rungs: [{ name: '720p', width: 1280, height: 720, bitsPerSecond: 2_500_000 }],
    droppedRungs: [],
    speedLevel: 0,
    halfRate: false,
    degradationLevel: 0,
    reason: null,
    lagSeconds: 0.42,
    restarts: 0,
  };
  const render = (more: object = {}) => renderToStaticMarkup(<EncodingFacts encoding={{ ...encoding, ...more }} />);
  test('shows encoder and rungs', () => {
    for (const text_1 of ['x264', '720p', '1280×720', '2.5 Mbit/s', '0.4 s behind the source']) expect(render()).toContain(text_1);
    expect(render()).not.toContain('data-reduced');
  });
  test('shows reductions and their reason', () => {
    const html = render({ droppedRungs: ['1080p'], speedLevel: 2, halfRate: true, degradationLevel: 4, reason: 'too slow', restarts: 2 });
    for (const text_1 of [
      'lower quality',
      'half frame rate',
      'without 1080p',
      'restarted 2 times',
      'last reason: too slow',
      'data-reduced="true"',
    ])
      expect(html).toContain(text_1);
  });
  test('shows why the source is re-encoded', () => {
    const copied = { rungs: [{ name: 'source' }], reencodeReason: 'its keyframes are rare' };
    expect(render(copied)).toContain('re-encoded: its keyframes are rare');
    expect(render({ reencodeReason: 'its keyframes are rare' })).not.toContain('re-encoded');
  });
  test('shows that nothing is encoded', () => expect(render({ encoder: null, rungs: [] })).toContain(adminText.encoding.notEncoding));
});
