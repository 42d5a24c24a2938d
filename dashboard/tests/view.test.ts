import { describe, expect, test } from 'vitest';
import { offlineStatus } from '../src/player/channelStatus';
import type { Engine } from '../src/player/engine';
import { speeds } from '../src/player/speed';
import type { PlaybackStatus } from '../src/player/state';
import { type PlayerSnapshot, viewOf } from '../src/player/view';

const engine = { secondsToLive: 1.5, frameDate: new Date(1_000_000), timeline: null } as unknown as Engine;
const view = (phase: PlaybackStatus['phase'], changes: Partial<PlayerSnapshot> = {}) =>
  viewOf({
    channel: 'main',
    mode: 'live',
    report: { kind: 'answer', channelStatus: { ...offlineStatus, state: 'live', session: 'A' } },
    playback: { phase, session: 'A', failure: null },
    engine,
    hasShownFrame: true,
    wantsPlay: true,
    needsTap: false,
    behindLive: false,
    stalledFor: 0,
    now: 1_003_000,
    position: 12,
    rebuffer: { notice: null },
    volume: { mutedByBrowser: false },
    choices: { speed: 1, captions: { tracks: [], chosen: -1 } },
    ...changes,
  });

describe('the view', () => {
  test('of playback at live contains the latency', () => {
    expect(view('playing')).toMatchObject({
      state: 'live',
      latency: 3,
      secondsToLive: 1.5,
      behindLive: false,
      buffering: false,
      speeds: [],
    });
  });
  test('of a stall shows the spinner', () => {
    expect(view('playing', { stalledFor: 700 }).buffering).toBe(false);
    expect(view('playing', { stalledFor: 701 }).buffering).toBe(true);
    expect(view('paused', { stalledFor: 60_000 }).buffering).toBe(false);
  });
  test('of buffering on a slow connection has a notice, unless paused', () => {
    const rebuffer = { notice: 'only' } as const;
    expect(view('playing', { rebuffer }).rebufferNotice).toBe('only');
    expect(view('paused', { rebuffer, wantsPlay: false }).rebufferNotice).toBeNull();
    expect(view('paused', { rebuffer, needsTap: true }).rebufferNotice).toBeNull();
  });
  test('of a pause at live is behind live, without latency', () =>
    expect(view('paused')).toMatchObject({ behindLive: true, latency: null }));
  test('behind live offers all playback rates', () =>
    expect(view('playing', { behindLive: true })).toMatchObject({ behindLive: true, speeds }));
  test('of a recording is independent of live', () => {
    expect(view('paused', { mode: 'replay' })).toMatchObject({
      state: 'replay',
      behindLive: false,
      secondsToLive: null,
      latency: null,
      speeds,
    });
  });
  test('without a stream is empty', () => {
    expect(view('none', { engine: null, hasShownFrame: false })).toMatchObject({
      state: 'starting',
      secondsToLive: null,
      latency: null,
      timeline: null,
      speeds: [],
    });
  });
  test('waits for the viewer if autoplay is blocked', () => {
    expect(view('paused', { needsTap: true })).toMatchObject({ wantsPlay: false, needsTap: true });
    expect(view('awaitingPlay', { engine: null })).toMatchObject({ needsTap: true });
  });
  test('of an unreachable server has no status', () => expect(view('playing', { report: { kind: 'nothing' } }).channelStatus).toBeNull());
});
