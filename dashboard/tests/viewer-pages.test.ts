import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ChannelStatus, parseChannelStatus } from '../src/player/channelStatus';
import { eventUrls } from '../src/event/eventUrls';
import { type EventStatus, eventPhase, eventPollDelay, eventReportForStatusCode, parseEvent } from '../src/event/eventStatus';
import { type PostShowSnapshot, postShowAction, replayPlaylist } from '../src/watch/postShowPolicy';
import { embedCode, shareUrl, sharedPaths } from '../src/watch/shareLinks';
import { formatTime } from '../src/watch/startTime';
import { eventText } from '../src/text/watch';

const first = '01JN8E0000000000000000000A';
const second = '01JN8E0000000000000000000B';
const noon = Date.UTC(2030, 0, 1, 12);

test('formatted times', () => expect([formatTime(3.9), formatTime(723), formatTime(3723)]).toEqual(['0:03', '12:03', '1:02:03']));

describe('after the broadcast', () => {
  const broadcast = (more: Partial<ChannelStatus>): ChannelStatus => ({
    state: 'ended',
    session: first,
    startedAt: null,
    liveEdge: null,
    title: null,
    next: null,
    replay: { id: first, title: 'Gala' },
    ...more,
  });
  const action = (more: Partial<PostShowSnapshot>) =>
    postShowAction({
      content: { kind: 'live' },
      channelStatus: broadcast({}),
      state: 'ended',
      isWatching: false,
      now: noon,
      endedFor: 60_000,
      ...more,
    });
  const replay = { kind: 'replay', id: first } as const;

  test('its recording plays', () => expect(action({})).toBe('playReplay'));
  test('its recording plays on a page opened later', () =>
    expect(action({ channelStatus: broadcast({ state: 'offline', session: null }), state: 'offline' })).toBe('playReplay'));
  test('nothing happens without a recording', () =>
    expect(action({ channelStatus: { ...broadcast({}), replay: undefined } })).toBe('stay'));
  test('buffered media plays to its end', () => expect(action({ state: 'live' })).toBe('stay'));
  test('the recording of another broadcast is offered', () =>
    expect(action({ channelStatus: broadcast({ replay: { id: second, title: null } }) })).toBe('offerReplay'));
  test('but not while its own may still appear', () => {
    expect(action({ channelStatus: broadcast({ replay: { id: second, title: null } }), endedFor: 9_999 })).toBe('stay');
    expect(action({ channelStatus: broadcast({ replay: { id: second, title: null } }), endedFor: 10_000 })).toBe('offerReplay');
  });
  test('its own plays without delay', () => expect(action({ endedFor: 0 })).toBe('playReplay'));
  test('a countdown that ends soon stays', () =>
    expect(action({ channelStatus: broadcast({ next: { title: 'Next', startsAt: new Date(noon + 60_000) } }) })).toBe('offerReplay'));
  test('a countdown until tomorrow does not', () =>
    expect(action({ channelStatus: broadcast({ next: { title: 'Next', startsAt: new Date(noon + 86_400_000) } }) })).toBe('playReplay'));
  test('nothing is offered while the channel is live', () =>
    expect(action({ channelStatus: broadcast({ state: 'live' }), state: 'starting' })).toBe('stay'));
  test('a new broadcast is offered while the viewer watches the recording', () =>
    expect(action({ content: replay, channelStatus: broadcast({ state: 'live', session: second }), isWatching: true })).toBe('offerLive'));
  test('a new broadcast starts automatically otherwise', () =>
    expect(action({ content: replay, channelStatus: broadcast({ state: 'live', session: second }) })).toBe('goLive'));
  test('a recording continues without a new broadcast', () => expect(action({ content: replay, isWatching: true })).toBe('stay'));
  test('nothing changes while the server is unreachable', () => expect(action({ content: replay, channelStatus: null })).toBe('stay'));

  test('its URL contains the same token', () => {
    expect(replayPlaylist('/live/main/index.m3u8', first)).toBe(`/vod/${first}/index.m3u8`);
    expect(replayPlaylist('/t/secret/live/main/index.m3u8', first)).toBe(`/t/secret/vod/${first}/index.m3u8`);
    expect(replayPlaylist('/live/main/index.m3u8', '../../x')).toBeNull();
  });
  test('the status contains it', () => {
    expect(parseChannelStatus({ state: 'ended', replay: { id: first, title: 'Gala', duration: 3 } })?.replay).toEqual({
      id: first,
      title: 'Gala',
    });
    expect(parseChannelStatus({ state: 'ended', replay: 'x' })?.replay).toBeUndefined();
  });
});

describe('sharing', () => {
  const shared = { origin: 'https://live.example.org', page: '/watch/main', embed: '/embed/main', title: '"><script>' };
  test('uses a URL with an optional start time', () => {
    expect(shareUrl(shared, null)).toBe('https://live.example.org/watch/main');
    expect(shareUrl(shared, 90.7)).toBe('https://live.example.org/watch/main?t=90');
  });
  test('escapes the title in the embed code', () => {
    const code = embedCode(shared, 5);
    expect(code).toContain('src="https://live.example.org/embed/main?t=5"');
    expect(code).toContain('title="&quot;&gt;&lt;script&gt;"');
    expect(code).not.toContain('<script>');
  });
  test('uses an embed code that keeps its aspect ratio and permissions', () => {
    const code = embedCode(shared, null);
    expect(code).toContain('width="1280" height="720"');
    expect(code).toContain('style="max-width: 100%; height: auto; aspect-ratio: 16 / 9"');
    expect(code).toContain('allow="autoplay; fullscreen; picture-in-picture"');
  });
  test('never includes a token', () => {
    expect(sharedPaths('/t/secret/watch/main')).toEqual({ page: '/watch/main', embed: '/embed/main' });
    expect(sharedPaths(`/t/secret/event/${first}`)).toEqual({ page: `/event/${first}`, embed: `/embed/event/${first}` });
    expect(sharedPaths(`/embed/event/${first}/`)).toEqual({ page: `/event/${first}`, embed: `/embed/event/${first}` });
    expect(sharedPaths(`/t/secret/recording/${first}`)).toEqual({ page: `/recording/${first}`, embed: `/embed/recording/${first}` });
    expect(sharedPaths('/t/secret/embed/main')).toEqual({ page: '/watch/main', embed: '/embed/main' });
    expect(sharedPaths('/dashboard')).toBeNull();
  });
});

test('the page of a recording has texts of its own', () => {
  expect(eventText('recording').notFoundTitle).toBe('Recording not found');
  expect(eventText('recording').loading).toBe(eventText('event').loading);
  expect(eventText('event').notFoundTitle).toBe('Event not found');
});

describe('an event', () => {
  const body = {
    id: first,
    channel: 'main',
    title: 'Gala',
    description: '',
    poster: '',
    state: 'scheduled',
    startsAt: '2030-01-01T12:00:00Z',
    endsAt: '2030-01-01T13:00:00Z',
    startedAt: null,
    endedAt: null,
  };
  const planned = parseEvent(body) as EventStatus;
  const answer = { kind: 'answer', event: planned } as const;

  test('is parsed', () => {
    expect(planned).toMatchObject({ id: first, channel: 'main', state: 'scheduled', poster: null, replay: null });
    expect(planned.startsAt.getTime()).toBe(noon);
    expect(parseEvent({ ...body, state: 'odd' })).toBeNull();
    expect(parseEvent({ ...body, startsAt: 'soon' })).toBeNull();
    expect(parseEvent(null)).toBeNull();
  });
  test('shows only images of this server', () => {
    expect(parseEvent({ ...body, poster: '/p.jpg' })?.poster).toBe('/p.jpg');
    expect(parseEvent({ ...body, poster: 'https://elsewhere.example/p.jpg' })?.poster).toBeNull();
    expect(parseEvent({ ...body, poster: '//elsewhere.example/p.jpg' })?.poster).toBeNull();
  });
  test('passes through its phases', () => {
    const phaseOf = (more: Partial<EventStatus>, now = noon) => eventPhase(answer, { ...planned, ...more }, now);
    expect(phaseOf({}, noon - 1)).toBe('countdown');
    expect(phaseOf({}, noon)).toBe('late');
    expect(phaseOf({ state: 'live' })).toBe('live');
    expect(phaseOf({ state: 'ended' })).toBe('ended');
    expect(phaseOf({ state: 'ended', replay: { id: first, title: null } })).toBe('replay');
    expect(phaseOf({ state: 'cancelled' })).toBe('cancelled');
  });
  test('keeps its phase while the server is unreachable', () => {
    expect(eventPhase({ kind: 'unreachable', failures: 9 }, planned, noon - 1)).toBe('countdown');
    expect(eventPhase({ kind: 'unreachable', failures: 1 }, null, noon)).toBe('loading');
    expect(eventPhase({ kind: 'unreachable', failures: 3 }, null, noon)).toBe('unreachable');
    expect(eventPhase({ kind: 'notFound' }, planned, noon)).toBe('notFound');
  });
  test('is polled more often near its start and end', () => {
    const delay = (more: Partial<EventStatus>, now: number) => eventPollDelay(answer, { ...planned, ...more }, now, 0.5);
    expect(delay({}, noon - 86_400_000)).toBeGreaterThan(30_000);
    expect(delay({}, noon - 60_000)).toBeLessThan(5000);
    expect(delay({ state: 'ended', endedAt: new Date(noon) }, noon + 1000)).toBeLessThan(6000);
    expect(delay({ state: 'ended', endedAt: new Date(noon), replay: { id: first, title: null } }, noon + 1000)).toBeGreaterThan(30_000);
  });
  test('interprets status codes', () => {
    expect(eventReportForStatusCode(200, 0, null)).toBe('read the body');
    expect(eventReportForStatusCode(404, 0, null)).toEqual({ kind: 'notFound' });
    expect(eventReportForStatusCode(403, 0, 'no_token')).toEqual({ kind: 'denied', noToken: true });
    expect(eventReportForStatusCode(503, 2, null)).toEqual({ kind: 'unreachable', failures: 3 });
  });
  test('derives its URLs from the page', () => {
    expect(eventUrls(`/event/${first}`)).toMatchObject({
      id: first,
      status: `/event/${first}/status.json`,
      time: '/time',
      isEmbedded: false,
    });
    const embedded = eventUrls(`/t/secret/embed/event/${first}/`);
    expect(embedded).toMatchObject({ status: `/t/secret/event/${first}/status.json`, time: '/time', isEmbedded: true });
    expect(embedded?.channel('main')?.playlist).toBe('/t/secret/live/main/index.m3u8');
    const withToken = eventUrls(`/event/${first}`, '?token=a.b');
    expect(withToken?.status).toBe(`/t/a.b/event/${first}/status.json`);
    expect(withToken?.channel('main')?.playlist).toBe('/t/a.b/live/main/index.m3u8');
    expect(eventUrls(`/t/secret/embed/recording/${first}`)).toMatchObject({
      kind: 'recording',
      status: `/t/secret/recording/${first}/status.json`,
      isEmbedded: true,
    });
    expect(eventUrls('/event/nothing')).toBeNull();
    expect(eventUrls(`//evil/event/${first}`)).toBeNull();
  });
});

test.each(['watch', 'embed', 'event'])('%s.html has the title that the server replaces', (name) =>
  expect(readFileSync(new URL(`../${name}.html`, import.meta.url), 'utf8').split('<title>Broadcast</title>')).toHaveLength(2),
);
