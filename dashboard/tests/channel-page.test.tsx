import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { Api, type Channel } from '../src/admin/api';
import { Chart } from '../src/admin/channel/charts/Chart';
import { chartKinds } from '../src/admin/channel/charts/kinds';
import { axisOf, beginOf, joined, nearest, niceStep, pathOf, type Point, summaryOf } from '../src/admin/channel/charts/series';
import { ChannelActions } from '../src/admin/channel/ChannelActions';
import { ChannelPage } from '../src/admin/channel/ChannelPage';
import { connectKey, type Happening } from '../src/admin/channel/channelApi';
import { ConnectPanel, keyHint } from '../src/admin/channel/ConnectPanel';
import { EncodingFacts } from '../src/admin/channel/EncodingSection';
import { forgetAll, forgetKey, freshKey, previewLink, rememberKey, rememberLink } from '../src/admin/channel/kept';
import { Preview } from '../src/admin/channel/Preview';
import { ShareSection } from '../src/admin/channel/ShareSection';
import { actorWord, happeningKind, happeningWords } from '../src/admin/channel/timelineWords';
import { nothingKnown } from '../src/admin/live/liveState';
import { nextOf } from '../src/admin/now/useNextEvents';
import type { PlannedEvent } from '../src/admin/schedule/eventApi';
import { adminText } from '../src/text';

const api = new Api(null, adminText);
const channel: Channel = { name: 'main', title: 'Council', ladder: 'passthrough', latency: 'standard', rewind: 'off', live: null };
const on = (state: string, more: Partial<Channel> = {}): Channel => ({ ...channel, live: { state, session: '01', startedAt: null }, ...more });
const text = adminText.channelPage;

describe('a chart', () => {
  const points: Point[] = [[0, 2], [5000, 4], [10_000, null], [15_000, 3]];
  test('tells the newest value, the least and the most', () => {
    expect(summaryOf(points)).toEqual({ now: 3, least: 2, most: 4 });
    expect(summaryOf([[0, 1], [1, null]])).toEqual({ now: null, least: 1, most: 1 });
    expect(summaryOf([[0, null]])).toBeNull();
  });
  test('has round numbers around its values, and 0 where that is near', () => {
    expect(axisOf(1, 9)).toEqual({ from: 0, to: 10 });
    expect(axisOf(29.9, 30.1).from).toBeGreaterThan(29);
    const skew = axisOf(-40, 20);
    expect(skew.from).toBeLessThanOrEqual(-40);
    expect(skew.to).toBeGreaterThanOrEqual(20);
    const flat = axisOf(5, 5);
    expect(flat.from).toBeLessThan(flat.to);
    expect(axisOf(0, 0).to).toBeGreaterThan(0);
  });
  test.each([[0.3, 0.5], [1, 1], [3, 5], [7, 10], [0.02, 0.02]])('steps of at least %d are %d', (least, step) => expect(niceStep(least)).toBe(step));
  test('breaks its line where nothing was measured', () => {
    const frame = { from: 0, to: 20_000, low: 0, high: 4, width: 200, height: 100 };
    expect(pathOf(points, frame, 12_500)).toBe('M0 50L50 0M150 25');
    expect(pathOf([[0, 4], [20_000, 4]], frame, 12_500)).toBe('M0 0M200 0');
  });
  test('finds the point that somebody points at', () => {
    expect(nearest(points, 9000)).toEqual([5000, 4]);
    expect(nearest([], 0)).toBeNull();
  });
  test('of a young broadcast begins with it', () => {
    expect(beginOf(3_600_000, 900_000, 0)).toBe(2_700_000);
    expect(beginOf(3_600_000, 900_000, 3_000_000)).toBe(3_000_000);
    expect(beginOf(3_600_000, 900_000, 3_590_000)).toBe(3_480_000);
    expect(beginOf(3_600_000, 900_000, null)).toBe(2_700_000);
  });
  test('takes what is new, once, and leaves what is old', () => {
    const at = (second: number) => ({ at: new Date(second * 1000).toISOString() });
    expect(joined([at(1), at(2)], [at(2), at(3)], 2000)).toEqual([at(2), at(3)]);
    expect(joined([], [at(1)], 0)).toEqual([at(1)]);
  });
  test('says in words what it shows', () => {
    const html = renderToStaticMarkup(<Chart kind={chartKinds[0]!} points={[[0, 2], [5000, 4]]} from={0} to={10_000} intervalMs={5000} />);
    for (const words of ['4.00 Mbit/s', 'between 2.00 Mbit/s and 4.00 Mbit/s', 'role="img"', 'data-points="2"']) expect(html).toContain(words);
    expect(renderToStaticMarkup(<Chart kind={chartKinds[0]!} points={[]} from={0} to={1} intervalMs={5000} />)).toContain(text.charts.nothing);
    expect(html).not.toContain('style=');
  });
});

describe('a timeline', () => {
  const happening = (type: string, data: Record<string, unknown> = {}, actor: string | null = null): Happening => ({ id: '1', at: '', type, session: null, actor, data });
  test.each([
    [happening('session.ended', { reason: 'ended by an operator' }), 'The broadcast ended: ended by an operator', 'session'],
    [happening('publish.started', { input: 'backup', continued: true }), 'The backup encoder came back', 'encoder'],
    [happening('publish.stopped', { input: 'primary', reason: 'closed' }), 'The encoder went: closed', 'encoder'],
    [happening('health.issue', { advice: 'Set it to 2 s.' }), 'Set it to 2 s.', 'problem'],
    [happening('input.back', { seconds: 3.4 }), 'The picture is back after 3 s', 'encoder'],
    [happening('event.live', { title: 'Show', reason: 'by jane' }), '“Show”: Live (by jane)', 'event'],
    [happening('recording.ready', { title: '' }), 'The recording is ready', 'recording'],
    [happening('audit', { action: 'key.rotate' }, 'user/jane Jane Doe'), 'Stream key rotated, by Jane Doe', 'change'],
    [happening('audit', { action: 'thing.do' }, 'server/'), 'thing.do, by the server', 'change'],
    [happening('something.new'), 'something.new', 'encoder'],
  ])('%j is told as %s', (one, words, kind) => {
    expect(happeningWords(one)).toBe(words);
    expect(happeningKind(one)).toBe(kind);
  });
  test('names who changed something', () => {
    expect(actorWord('user/jane')).toBe('jane');
    expect(actorWord('token/ab12cd34 Shop')).toBe('Shop');
    expect(actorWord('token/ab12cd34')).toBe('a token');
    expect(actorWord(null)).toBe('');
  });
});

describe('connecting an encoder', () => {
  const draw = (state: string, key: string | null = 'demo_secret') => renderToStaticMarkup(<ConnectPanel rtmp="rtmp://h:1935/live" streamKey={key} state={state} onMakeKey={() => Promise.resolve()} onDone={() => undefined} />);
  test('tells where to and with what key, and waits', () => {
    for (const words of ['rtmp://h:1935/live', 'demo_secret', text.connect.waiting, 'data-here="false"']) expect(draw('offline')).toContain(words);
    expect(draw('offline', null)).toContain(text.connect.keyHidden);
  });
  test('makes a key in the place where one would stand, and does not speak of two to copy', () => {
    const html = draw('offline', null);
    expect(html).toContain(`>${text.connect.makeKey}</button>`);
    expect(html).toContain(text.connect.obsNoKey);
    expect(html).not.toContain(text.connect.obs);
    expect(draw('offline')).not.toContain(text.connect.makeKey);
  });
  test('tells of the key where it is heard, and that it is made', () => {
    for (const [key, hint] of [['demo_secret', text.connect.keyOnce], [null, text.connect.keyHidden]] as const) expect(draw('offline', key)).toContain(`role="status">${hint}</p>`);
    expect(keyHint(true, true)).toBe(`${text.connect.keyMade} ${text.connect.keyOnce}`);
    expect(keyHint(false, false)).not.toContain(text.connect.keyMade);
  });
  test('makes a key with a label, so that it is known later which can go', async () => {
    const sent: unknown[] = [];
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      sent.push([path, JSON.parse(String(init.body))]);
      return Promise.resolve(new Response('{"streamKey":"main_secret"}'));
    });
    expect(await connectKey(api, 'main', new Date(2030, 5, 1))).toBe('main_secret');
    expect(sent).toEqual([['/api/v1/channels/main/keys', { role: 'primary', label: text.connect.keyLabel('2030-06-01') }]]);
    vi.unstubAllGlobals();
  });
  test('turns green when it comes', () => {
    for (const state of ['starting', 'preview', 'live']) expect(draw(state)).toContain('data-here="true"');
    expect(draw('live')).toContain(text.connect.live);
    expect(draw('live')).not.toContain('demo_secret');
  });
  test('keeps a key as long as somebody is signed in, and not after it was taken back', () => {
    rememberKey('main', 'k1');
    rememberKey('other', 'k2');
    rememberLink('main', { token: 't', until: 1 });
    forgetKey('main');
    expect([freshKey('main'), freshKey('other')]).toEqual([null, 'k2']);
    forgetAll();
    expect([freshKey('other'), previewLink('main')]).toEqual([null, null]);
  });
});

describe('the picture', () => {
  const draw = (of: Channel, mayManage = true, event?: PlannedEvent, isKnown = true) =>
    renderToStaticMarkup(<Preview api={api} channel={of} event={event} isEventKnown={isKnown} mayManage={mayManage} />);
  test('of an open channel is its embed page', () => expect(draw(on('live'))).toContain('src="/embed/main?muted=1&amp;counted=0"'));
  test('of a channel that is off says so', () => expect(draw(channel)).toContain(text.preview.offline));
  test('that is not for everybody waits for a link, which not everybody can make', () => {
    expect(draw(on('live', { access: 'token' }))).not.toContain('<iframe');
    expect(draw(on('preview'), false)).toContain(text.preview.forbidden);
  });
  test('of an event that is not for everybody waits for a link, too, once the event is live', () => {
    const event = { id: 'e', state: 'live', title: 'Show', access: 'token' } as PlannedEvent;
    expect(draw(on('live'), true, event)).not.toContain('<iframe');
    expect(draw(on('live'), false, event)).toContain(text.preview.forbidden);
    for (const open of [{ ...event, access: 'channel' }, { ...event, access: 'public' }, { ...event, state: 'scheduled' as const }]) {
      expect(draw(on('live'), true, open)).toContain('src="/embed/main?muted=1&amp;counted=0"');
    }
  });
  test('is not opened before it is known whether an event limits who may watch', () => {
    expect(draw(on('live'), true, undefined, false)).not.toContain('<iframe');
    expect(draw(on('live'), false, undefined, false)).toContain(adminText.loading);
  });
  test('is not opened either where nobody answered which event is on', () => {
    expect(nextOf(null).isKnown).toBe(false);
    expect(nextOf([])).toEqual({ events: new Map(), isKnown: true });
  });
  test('uses a link that was made before', () => {
    rememberLink('main', { token: '1p.x', until: Date.now() + 3600_000 });
    expect(draw(on('preview'))).toContain('src="/t/1p.x/embed/main?muted=1&amp;counted=0"');
    forgetAll();
  });
});

describe('what viewers are sent', () => {
  const draw = (of: Channel, mayManage = true) => renderToStaticMarkup(<ShareSection channel={of} origin="https://live.example.org" mayManage={mayManage} />);
  test('is the address of the page, and what embeds it', () => {
    const html = draw({ ...channel, access: 'public' });
    expect(html).toContain('value="https://live.example.org/watch/main"');
    expect(html).toContain('https://live.example.org/embed/main');
    expect(html).toContain(text.share.hints.public);
  });
  test('is where the server says that viewers’ pages are, or else where the dashboard is', () => {
    const draw = (publicUrl: string | null) =>
      renderToStaticMarkup(
        <ChannelPage
          api={api}
          system={{ version: '1', role: 'viewer', ladders: [], latencies: [], publicUrl }}
          live={{ data: [channel], error: null, refresh: () => Promise.resolve(), state: nothingKnown, isStreaming: true, isTold: true }}
          rtmp=""
          name="main"
          go={() => undefined}
        />,
      );
    vi.stubGlobal('window', { location: { origin: 'http://10.0.0.5:8080' } });
    const html = draw('https://live.example.org');
    expect(html).toContain('value="https://live.example.org/watch/main"');
    expect(html).not.toContain('10.0.0.5');
    expect(draw(null)).toContain('value="http://10.0.0.5:8080/watch/main"');
    vi.unstubAllGlobals();
  });
  test('says that it opens nothing where a link is needed, and how to come by one to who may make it', () => {
    expect(draw({ ...channel, access: 'token' })).toContain(text.share.hints.token);
    expect(draw({ ...channel, access: 'token' }, false)).toContain(text.share.hints.other);
  });
});

describe('what can be done with a channel', () => {
  const draw = (of: Channel, mayManage = true, event?: PlannedEvent) => renderToStaticMarkup(<ChannelActions api={api} channel={of} event={event} mayManage={mayManage} onChanged={() => undefined} />);
  const inputs = [{ role: 'primary', state: 'good', onAir: true, since: '', bitsPerSecond: null }];
  test('is to end it and to send its encoder away, while there is one', () => {
    expect(draw(on('live', { inputs }))).toContain(text.kick);
    expect(draw(on('waiting'))).not.toContain(text.kick);
    expect(draw(on('waiting'))).toContain(adminText.channels.end);
    expect(draw(channel)).not.toContain(adminText.channels.end);
  });
  test('is to watch it, and nothing else, for who may not', () => {
    const html = draw(on('live', { inputs }), false);
    expect(html).toContain('href="/watch/main"');
    expect(html).not.toContain('<button');
  });
  test('is to let a previewed event go live', () => {
    const event = { id: 'e', state: 'preview', title: 'Show' } as PlannedEvent;
    expect(draw(on('preview'), true, event)).toContain(text.goLive);
    expect(draw(on('live'), true, { ...event, state: 'live' })).not.toContain(text.goLive);
  });
});

describe('how a channel is encoded', () => {
  const encoding = { encoder: 'x264', rungs: [{ name: '720p', width: 1280, height: 720, bitsPerSecond: 2_500_000 }], givenUp: [], haste: 0, halfRate: false, step: 0, reason: null, behindSeconds: 0.42, restarts: 0 };
  const draw = (more: object = {}) => renderToStaticMarkup(<EncodingFacts encoding={{ ...encoding, ...more }} />);
  test('is told with encoder and rungs', () => {
    for (const words of ['x264', '720p', '1280×720', '2.5 Mbit/s', '0.4 s behind the source']) expect(draw()).toContain(words);
    expect(draw()).not.toContain('data-reduced');
  });
  test('tells what has been given up, and why', () => {
    const html = draw({ givenUp: ['1080p'], haste: 2, halfRate: true, step: 4, reason: 'too slow', restarts: 2 });
    for (const words of ['lower quality', 'half of the pictures', 'without 1080p', 'restarted 2 times', 'last reason: too slow', 'data-reduced="true"']) expect(html).toContain(words);
  });
  test('tells why the source is not passed on', () => {
    const copied = { rungs: [{ name: 'source' }], copyReason: 'its keyframes are rare' };
    expect(draw(copied)).toContain('the source is not passed on, because its keyframes are rare');
    expect(draw({ copyReason: 'its keyframes are rare' })).not.toContain('not passed on');
  });
  test('says that nothing is encoded when nothing is', () => expect(draw({ encoder: null, rungs: [] })).toContain(adminText.encoding.nothing));
});
