import { describe, expect, test } from 'vitest';
import { offline, parseBroadcast, pollDelay, reportForStatusCode } from '../src/player/broadcast';

describe('status.json', () => {
  test('is read', () => {
    expect(parseBroadcast({ state: 'live', session: '01J', startedAt: '2026-01-01T12:00:00Z', liveEdge: 41, title: 'Council' })).toEqual({
      state: 'live', session: '01J', startedAt: new Date('2026-01-01T12:00:00Z'), liveEdge: '41', title: 'Council', next: null,
    });
  });
  test('tells what is announced, unless it makes no sense', () => {
    expect(parseBroadcast({ state: 'offline', next: { title: 'Gala', startsAt: '2026-01-01T12:00:00Z' } })?.next).toEqual({ title: 'Gala', startsAt: new Date('2026-01-01T12:00:00Z') });
    for (const next of [null, 'Gala', { title: 'Gala' }, { title: '', startsAt: '2026-01-01T12:00:00Z' }]) expect(parseBroadcast({ state: 'offline', next })?.next).toBeNull();
  });
  test('may leave out what is not known', () => expect(parseBroadcast({ state: 'offline' })).toEqual(offline));
  test('takes an interruption for a broadcast that goes on', () => expect(parseBroadcast({ state: 'interrupted' })).toEqual({ ...offline, state: 'live' }));
  test('keeps working with values of the wrong kind', () => {
    expect(parseBroadcast({ state: 'live', session: 7, startedAt: 'soon', liveEdge: null })).toEqual({ ...offline, state: 'live' });
  });
  test.each([null, 'live', 3, {}, { state: 'paused' }, []])('%j is none', (body) => expect(parseBroadcast(body)).toBeNull());
});

describe('an answer', () => {
  test('200 has a body', () => expect(reportForStatusCode(200, 4)).toBe('read the body'));
  test('404 means that there is no such channel', () => expect(reportForStatusCode(404, 4)).toEqual({ kind: 'answer', broadcast: offline, isUnknown: true }));
  test.each([401, 403])('%d means that the link is not valid', (code) => expect(reportForStatusCode(code, 0)).toEqual({ kind: 'denied', why: 'denied' }));
  test.each([['expired', 'expired'], ['no_token', 'noToken'], ['revoked', 'denied'], ['bad_token', 'denied'], ['anything', 'denied']])('403 for %s is told as %s', (refusal, why) =>
    expect(reportForStatusCode(403, 0, refusal)).toEqual({ kind: 'denied', why }));
  test.each([500, 502, 503, 429])('%d counts as no answer', (code) => expect(reportForStatusCode(code, 2)).toEqual({ kind: 'unreachable', failures: 3 }));
});

describe('the next question', () => {
  const live = { kind: 'answer', broadcast: { ...offline, state: 'live' } } as const;
  test.each([0, 0.5, 1])('comes within 2 to 3 s while nothing plays (%d)', (random) => {
    const delay = pollDelay({ kind: 'answer', broadcast: offline }, false, random);
    expect(delay).toBeGreaterThanOrEqual(2000);
    expect(delay).toBeLessThanOrEqual(3000);
  });
  test('comes later while the picture runs', () => expect(pollDelay(live, true, 0)).toBeGreaterThanOrEqual(8000));
  test('comes soon after the first failures, and later after many', () => {
    expect(pollDelay({ kind: 'unreachable', failures: 3 }, false, 1)).toBeLessThanOrEqual(3000);
    expect(pollDelay({ kind: 'unreachable', failures: 40 }, false, 0)).toBeGreaterThanOrEqual(4000);
  });
});
