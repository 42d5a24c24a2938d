import { describe, expect, test } from 'vitest';
import { type Broadcast, type Report, offline } from '../src/player/broadcast';
import { type Picture, decide, shouldAttach, shouldDetach } from '../src/player/state';

const answer = (state: Broadcast['state'], session: string | null = 'A'): Report => ({ kind: 'answer', broadcast: { ...offline, state, session } });
const unreachable = (failures: number): Report => ({ kind: 'unreachable', failures });
const picture = (phase: Picture['phase'], session: string | null = 'A'): Picture => ({ phase, session, failure: null });

describe('what the page shows', () => {
  const cases: [string, Report, Picture, string, string | null][] = [
    ['before anything is known', { kind: 'nothing' }, picture('none'), 'starting', 'connecting'],
    ['a channel that is not live', answer('offline', null), picture('none'), 'offline', null],
    ['a channel that there is not', { kind: 'answer', broadcast: offline, isUnknown: true }, picture('none'), 'offline', 'unknown'],
    ['an encoder that just connected', answer('starting'), picture('none'), 'starting', 'preparing'],
    ['a stream being loaded', answer('live'), picture('loading'), 'starting', 'loading'],
    ['a picture that moves', answer('live'), picture('playing'), 'live', null],
    ['a picture that moves while the server is silent', unreachable(9), picture('playing'), 'live', null],
    ['a picture that moves after the channel ended: the rest is played', answer('ended'), picture('playing'), 'live', null],
    ['a pause', answer('live'), picture('held'), 'live', null],
    ['a lost encoder', answer('live'), picture('stalled'), 'reconnecting', 'encoderLost'],
    ['an encoder that is coming back', answer('starting'), picture('stalled'), 'reconnecting', 'encoderLost'],
    ['a lost network', unreachable(1), picture('stalled'), 'reconnecting', 'connectionLost'],
    ['a stall that turns out to be the end', answer('ended'), picture('stalled'), 'ended', null],
    ['a stall on a channel that is gone', answer('offline', null), picture('stalled'), 'offline', null],
    ['the end of the playlist', answer('live'), picture('finished'), 'ended', null],
    ['the end, server silent', unreachable(4), picture('finished'), 'ended', null],
    ['a new session after the end', answer('live', 'B'), picture('finished'), 'starting', 'loading'],
    ['a page opened after the end', answer('ended'), picture('none'), 'ended', null],
    ['one unanswered question', unreachable(1), picture('none'), 'starting', 'connecting'],
    ['a server that never answered', unreachable(3), picture('none'), 'error', 'unreachable'],
    ['a link that is not valid', { kind: 'denied', why: 'denied' }, picture('none'), 'error', 'denied'],
    ['a channel that is not public', { kind: 'denied', why: 'noToken' }, picture('none'), 'error', 'noToken'],
    ['a link that ran out, while the picture still runs', { kind: 'denied', why: 'expired' }, picture('playing'), 'live', null],
    ['a link that ran out while watching', { kind: 'denied', why: 'expired' }, picture('stalled'), 'error', 'expired'],
    ['an embed that waits for a tap', answer('live'), picture('invited'), 'live', null],
    ['an embed of a channel that is not live', answer('offline', null), picture('invited'), 'offline', null],
  ];
  test.each(cases)('%s', (_, report, seen, state, reason) => {
    expect(decide(report, seen)).toEqual({ state, reason });
  });

  test('a failure hides everything else', () => {
    expect(decide(answer('live'), { ...picture('playing'), failure: 'unsupported' })).toEqual({ state: 'error', reason: 'unsupported' });
  });
});

describe('attaching', () => {
  test('a live channel is attached', () => expect(shouldAttach(answer('live'), picture('none'))).toBe(true));
  test.each(['offline', 'starting', 'ended'] as const)('a channel that is %s is not', (state) => {
    expect(shouldAttach(answer(state), picture('none'))).toBe(false);
  });
  test('nothing is attached on an answer that did not come', () => expect(shouldAttach(unreachable(1), picture('none'))).toBe(false));
  test('nothing is attached before the viewer asked for it', () => expect(shouldAttach(answer('live'), picture('invited'))).toBe(false));
  test('the session that just ended is not attached again', () => expect(shouldAttach(answer('live', 'A'), picture('finished', 'A'))).toBe(false));
  test('the next session is', () => expect(shouldAttach(answer('live', 'B'), picture('finished', 'A'))).toBe(true));
  test('the next session replaces one that stalled', () => expect(shouldAttach(answer('live', 'B'), picture('stalled', 'A'))).toBe(true));
  test.each(['playing', 'held'] as const)('the next session waits while the old one is %s', (phase) => {
    expect(shouldAttach(answer('live', 'B'), picture(phase, 'A'))).toBe(false);
  });
});

describe('detaching', () => {
  test.each(['offline', 'ended'] as const)('a stalled stream of a channel that is %s goes', (state) => {
    expect(shouldDetach(answer(state), picture('stalled'))).toBe(true);
  });
  test('what still plays stays', () => expect(shouldDetach(answer('ended'), picture('playing'))).toBe(false));
  test('what the viewer paused stays', () => expect(shouldDetach(answer('ended'), picture('held'))).toBe(false));
  test('who stopped after the end is not taken along to the next session', () => {
    expect(shouldDetach(answer('live', 'B'), picture('finished', 'A'), false)).toBe(true);
    expect(shouldDetach(answer('live', 'B'), picture('finished', 'A'), true)).toBe(false);
    expect(shouldDetach(answer('live', 'A'), picture('finished', 'A'), false)).toBe(false);
    expect(shouldDetach(answer('ended'), picture('finished', 'A'), false)).toBe(false);
  });
  test('a silent server changes nothing', () => expect(shouldDetach(unreachable(5), picture('stalled'))).toBe(false));
});
