import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Broadcast, parseBroadcast } from '../src/player/broadcast';
import { eventAddress } from '../src/event/eventAddress';
import { type EventStatus, eventPhase, eventPollDelay, eventReportForStatusCode, parseEvent } from '../src/event/eventStatus';
import { type Situation, nextStep, replayPlaylist } from '../src/watch/afterwards';
import { embedCode, sharedAddress, sharedPage } from '../src/watch/shareLinks';
import { clockOf } from '../src/watch/startTime';

const first = '01JN8E0000000000000000000A';
const second = '01JN8E0000000000000000000B';
const noon = Date.UTC(2030, 0, 1, 12);

test('times as people read them', () => expect([clockOf(3.9), clockOf(723), clockOf(3723)]).toEqual(['0:03', '12:03', '1:02:03']));

describe('after the broadcast', () => {
  const broadcast = (more: Partial<Broadcast>): Broadcast => ({ state: 'ended', session: first, startedAt: null, liveEdge: null, title: null, next: null, replay: { id: first, title: 'Gala' }, ...more });
  const step = (more: Partial<Situation>) => nextStep({ showing: { kind: 'live' }, broadcast: broadcast({}), state: 'ended', watching: false, now: noon, endedFor: 60_000, ...more });
  const replay = { kind: 'replay', id: first } as const;

  test('its replay plays', () => expect(step({})).toBe('playReplay'));
  test('who opens the page later gets it too', () => expect(step({ broadcast: broadcast({ state: 'offline', session: null }), state: 'offline' })).toBe('playReplay'));
  test('without a recording nothing happens', () => expect(step({ broadcast: { ...broadcast({}), replay: undefined } })).toBe('stay'));
  test('what still plays is played out', () => expect(step({ state: 'live' })).toBe('stay'));
  test('the replay of another broadcast is offered', () => expect(step({ broadcast: broadcast({ replay: { id: second, title: null } }) })).toBe('offerReplay'));
  test('but not while its own may still come', () => {
    expect(step({ broadcast: broadcast({ replay: { id: second, title: null } }), endedFor: 9_999 })).toBe('stay');
    expect(step({ broadcast: broadcast({ replay: { id: second, title: null } }), endedFor: 10_000 })).toBe('offerReplay');
  });
  test('its own does not wait', () => expect(step({ endedFor: 0 })).toBe('playReplay'));
  test('a countdown that ends soon stays', () => expect(step({ broadcast: broadcast({ next: { title: 'Next', startsAt: new Date(noon + 60_000) } }) })).toBe('offerReplay'));
  test('one that ends tomorrow does not', () => expect(step({ broadcast: broadcast({ next: { title: 'Next', startsAt: new Date(noon + 86_400_000) } }) })).toBe('playReplay'));
  test('while the channel is live nothing is offered', () => expect(step({ broadcast: broadcast({ state: 'live' }), state: 'starting' })).toBe('stay'));
  test('a new broadcast is offered to who watches the replay', () => expect(step({ showing: replay, broadcast: broadcast({ state: 'live', session: second }), watching: true })).toBe('offerLive'));
  test('and comes by itself to who does not', () => expect(step({ showing: replay, broadcast: broadcast({ state: 'live', session: second }) })).toBe('goLive'));
  test('a replay goes on while nothing new is there', () => expect(step({ showing: replay, watching: true })).toBe('stay'));
  test('while the server is away all stays', () => expect(step({ showing: replay, broadcast: null })).toBe('stay'));

  test('its address stands behind the same token', () => {
    expect(replayPlaylist('/live/main/index.m3u8', first)).toBe(`/vod/${first}/index.m3u8`);
    expect(replayPlaylist('/t/secret/live/main/index.m3u8', first)).toBe(`/t/secret/vod/${first}/index.m3u8`);
    expect(replayPlaylist('/live/main/index.m3u8', '../../x')).toBeNull();
  });
  test('the status tells it', () => {
    expect(parseBroadcast({ state: 'ended', replay: { id: first, title: 'Gala', duration: 3 } })?.replay).toEqual({ id: first, title: 'Gala' });
    expect(parseBroadcast({ state: 'ended', replay: 'x' })?.replay).toBeUndefined();
  });
});

describe('what is shared', () => {
  const shared = { origin: 'https://live.example.org', page: '/watch/main', embed: '/embed/main', title: '"><script>' };
  test('an address, with a start time', () => {
    expect(sharedAddress(shared, null)).toBe('https://live.example.org/watch/main');
    expect(sharedAddress(shared, 90.7)).toBe('https://live.example.org/watch/main?t=90');
  });
  test('a code in which a title stays a text', () => {
    const code = embedCode(shared, 5);
    expect(code).toContain('src="https://live.example.org/embed/main?t=5"');
    expect(code).toContain('title="&quot;&gt;&lt;script&gt;"');
    expect(code).not.toContain('<script>');
  });
  test('in a page that is narrower it keeps its shape, and it may do what its buttons do', () => {
    const code = embedCode(shared, null);
    expect(code).toContain('width="1280" height="720"');
    expect(code).toContain('style="max-width: 100%; height: auto; aspect-ratio: 16 / 9"');
    expect(code).toContain('allow="autoplay; fullscreen; picture-in-picture"');
  });
  test('never a token', () => {
    expect(sharedPage('/t/secret/watch/main')).toEqual({ page: '/watch/main', embed: '/embed/main' });
    expect(sharedPage(`/t/secret/event/${first}`)).toEqual({ page: `/event/${first}`, embed: `/embed/event/${first}` });
    expect(sharedPage(`/embed/event/${first}/`)).toEqual({ page: `/event/${first}`, embed: `/embed/event/${first}` });
    expect(sharedPage('/dashboard')).toBeNull();
  });
});

describe('an event', () => {
  const body = { id: first, channel: 'main', title: 'Gala', description: '', poster: '', state: 'scheduled', startsAt: '2030-01-01T12:00:00Z', endsAt: '2030-01-01T13:00:00Z', startedAt: null, endedAt: null };
  const planned = parseEvent(body) as EventStatus;
  const answer = { kind: 'answer', event: planned } as const;

  test('is read', () => {
    expect(planned).toMatchObject({ id: first, channel: 'main', state: 'scheduled', poster: null, replay: null });
    expect(planned.startsAt.getTime()).toBe(noon);
    expect(parseEvent({ ...body, state: 'odd' })).toBeNull();
    expect(parseEvent({ ...body, startsAt: 'soon' })).toBeNull();
    expect(parseEvent(null)).toBeNull();
  });
  test('shows pictures of this server only', () => {
    expect(parseEvent({ ...body, poster: '/p.jpg' })?.poster).toBe('/p.jpg');
    expect(parseEvent({ ...body, poster: 'https://elsewhere.example/p.jpg' })?.poster).toBeNull();
    expect(parseEvent({ ...body, poster: '//elsewhere.example/p.jpg' })?.poster).toBeNull();
  });
  test('goes through its phases', () => {
    const of = (more: Partial<EventStatus>, now = noon) => eventPhase(answer, { ...planned, ...more }, now);
    expect(of({}, noon - 1)).toBe('countdown');
    expect(of({}, noon)).toBe('late');
    expect(of({ state: 'live' })).toBe('live');
    expect(of({ state: 'ended' })).toBe('ended');
    expect(of({ state: 'ended', replay: { id: first, title: null } })).toBe('replay');
    expect(of({ state: 'cancelled' })).toBe('cancelled');
  });
  test('stays as it was while the server is away', () => {
    expect(eventPhase({ kind: 'unreachable', failures: 9 }, planned, noon - 1)).toBe('countdown');
    expect(eventPhase({ kind: 'unreachable', failures: 1 }, null, noon)).toBe('loading');
    expect(eventPhase({ kind: 'unreachable', failures: 3 }, null, noon)).toBe('unreachable');
    expect(eventPhase({ kind: 'notFound' }, planned, noon)).toBe('notFound');
  });
  test('is asked about often when it is about to begin or to be replayed', () => {
    const delay = (more: Partial<EventStatus>, now: number) => eventPollDelay(answer, { ...planned, ...more }, now, 0.5);
    expect(delay({}, noon - 86_400_000)).toBeGreaterThan(30_000);
    expect(delay({}, noon - 60_000)).toBeLessThan(5000);
    expect(delay({ state: 'ended', endedAt: new Date(noon) }, noon + 1000)).toBeLessThan(6000);
    expect(delay({ state: 'ended', endedAt: new Date(noon), replay: { id: first, title: null } }, noon + 1000)).toBeGreaterThan(30_000);
  });
  test('answers', () => {
    expect(eventReportForStatusCode(200, 0, null)).toBe('read the body');
    expect(eventReportForStatusCode(404, 0, null)).toEqual({ kind: 'notFound' });
    expect(eventReportForStatusCode(403, 0, 'no_token')).toEqual({ kind: 'denied', noToken: true });
    expect(eventReportForStatusCode(503, 2, null)).toEqual({ kind: 'unreachable', failures: 3 });
  });
  test('has its address from the page', () => {
    expect(eventAddress(`/event/${first}`)).toMatchObject({ id: first, status: `/event/${first}/status.json`, time: '/time', isEmbedded: false });
    const guarded = eventAddress(`/t/secret/embed/event/${first}/`);
    expect(guarded).toMatchObject({ status: `/t/secret/event/${first}/status.json`, time: '/time', isEmbedded: true });
    expect(guarded?.channel('main')?.playlist).toBe('/t/secret/live/main/index.m3u8');
    const asked = eventAddress(`/event/${first}`, '?token=a.b');
    expect(asked?.status).toBe(`/t/a.b/event/${first}/status.json`);
    expect(asked?.channel('main')?.playlist).toBe('/t/a.b/live/main/index.m3u8');
    expect(eventAddress('/event/nothing')).toBeNull();
    expect(eventAddress(`//evil/event/${first}`)).toBeNull();
  });
});

test.each(['watch', 'embed', 'event'])('the server finds where to put the head of %s.html', (name) =>
  expect(readFileSync(new URL(`../${name}.html`, import.meta.url), 'utf8').split('<title>Broadcast</title>')).toHaveLength(2));
