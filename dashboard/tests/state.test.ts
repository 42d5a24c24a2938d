import { describe, expect, test } from 'vitest';
import { type ChannelStatus, type Report, offlineStatus } from '../src/player/channelStatus';
import { type PlaybackStatus, playbackDisplayState, shouldAttach, shouldDetach } from '../src/player/state';

const answer = (state: ChannelStatus['state'], session: string | null = 'A'): Report => ({
  kind: 'answer',
  channelStatus: { ...offlineStatus, state, session },
});
const unreachable = (failures: number): Report => ({ kind: 'unreachable', failures });
const playback = (phase: PlaybackStatus['phase'], session: string | null = 'A'): PlaybackStatus => ({ phase, session, failure: null });

describe('the state of the page', () => {
  const cases: [string, Report, PlaybackStatus, string, string | null][] = [
    ['before the first response', { kind: 'nothing' }, playback('none'), 'starting', 'connecting'],
    ['a channel that is not live', answer('offline', null), playback('none'), 'offline', null],
    [
      'a channel that does not exist',
      { kind: 'answer', channelStatus: offlineStatus, isUnknown: true },
      playback('none'),
      'offline',
      'unknown',
    ],
    ['an encoder that just connected', answer('starting'), playback('none'), 'starting', 'preparing'],
    ['a stream being loaded', answer('live'), playback('loading'), 'starting', 'loading'],
    ['a playing video', answer('live'), playback('playing'), 'live', null],
    ['a playing video while the server is silent', unreachable(9), playback('playing'), 'live', null],
    ['a playing video after the channel ended: the rest is played', answer('ended'), playback('playing'), 'live', null],
    ['a pause', answer('live'), playback('paused'), 'live', null],
    ['a lost encoder', answer('live'), playback('stalled'), 'reconnecting', 'encoderLost'],
    ['an encoder that is reconnecting', answer('starting'), playback('stalled'), 'reconnecting', 'encoderLost'],
    ['a lost network', unreachable(1), playback('stalled'), 'reconnecting', 'connectionLost'],
    ['a stall that turns out to be the end', answer('ended'), playback('stalled'), 'ended', null],
    ['a stall on a deleted channel', answer('offline', null), playback('stalled'), 'offline', null],
    ['the end of the playlist', answer('live'), playback('finished'), 'ended', null],
    ['the end, server silent', unreachable(4), playback('finished'), 'ended', null],
    ['a new session after the end', answer('live', 'B'), playback('finished'), 'starting', 'loading'],
    ['a page opened after the end', answer('ended'), playback('none'), 'ended', null],
    ['one failed request', unreachable(1), playback('none'), 'starting', 'connecting'],
    ['a server that never answered', unreachable(3), playback('none'), 'error', 'unreachable'],
    ['an invalid link', { kind: 'denied', reason: 'denied' }, playback('none'), 'error', 'denied'],
    ['a private channel', { kind: 'denied', reason: 'noToken' }, playback('none'), 'error', 'noToken'],
    ['an expired link, while playback continues', { kind: 'denied', reason: 'expired' }, playback('playing'), 'live', null],
    ['an expired link while watching', { kind: 'denied', reason: 'expired' }, playback('stalled'), 'error', 'expired'],
    ['an embed that waits for a tap', answer('live'), playback('awaitingPlay'), 'live', null],
    ['an embed of a channel that is not live', answer('offline', null), playback('awaitingPlay'), 'offline', null],
  ];
  test.each(cases)('%s', (_, report, playbackStatus, state, reason) => {
    expect(playbackDisplayState(report, playbackStatus)).toEqual({ state, reason });
  });

  test('an error hides everything else', () => {
    expect(playbackDisplayState(answer('live'), { ...playback('playing'), failure: 'unsupported' })).toEqual({
      state: 'error',
      reason: 'unsupported',
    });
  });
});

describe('attaching', () => {
  test('a live channel is attached', () => expect(shouldAttach(answer('live'), playback('none'))).toBe(true));
  test.each(['offline', 'starting', 'ended'] as const)('a channel that is %s is not', (state) => {
    expect(shouldAttach(answer(state), playback('none'))).toBe(false);
  });
  test('nothing is attached without a response', () => expect(shouldAttach(unreachable(1), playback('none'))).toBe(false));
  test('nothing is attached before the viewer starts playback', () =>
    expect(shouldAttach(answer('live'), playback('awaitingPlay'))).toBe(false));
  test('the session that just ended is not attached again', () =>
    expect(shouldAttach(answer('live', 'A'), playback('finished', 'A'))).toBe(false));
  test('the next session is', () => expect(shouldAttach(answer('live', 'B'), playback('finished', 'A'))).toBe(true));
  test('the next session replaces one that stalled', () => expect(shouldAttach(answer('live', 'B'), playback('stalled', 'A'))).toBe(true));
  test.each(['playing', 'paused'] as const)('the next session waits while the old one is %s', (phase) => {
    expect(shouldAttach(answer('live', 'B'), playback(phase, 'A'))).toBe(false);
  });
});

describe('detaching', () => {
  test.each(['offline', 'ended'] as const)('a stalled stream of a channel that is %s is detached', (state) => {
    expect(shouldDetach(answer(state), playback('stalled'))).toBe(true);
  });
  test('a playing stream is kept', () => expect(shouldDetach(answer('ended'), playback('playing'))).toBe(false));
  test('a paused stream is kept', () => expect(shouldDetach(answer('ended'), playback('paused'))).toBe(false));
  test('a viewer who paused after the end does not continue with the next session', () => {
    expect(shouldDetach(answer('live', 'B'), playback('finished', 'A'), false)).toBe(true);
    expect(shouldDetach(answer('live', 'B'), playback('finished', 'A'), true)).toBe(false);
    expect(shouldDetach(answer('live', 'A'), playback('finished', 'A'), false)).toBe(false);
    expect(shouldDetach(answer('ended'), playback('finished', 'A'), false)).toBe(false);
  });
  test('an unreachable server changes nothing', () => expect(shouldDetach(unreachable(5), playback('stalled'))).toBe(false));
});
