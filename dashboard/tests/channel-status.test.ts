import { describe, expect, test } from 'vitest';
import { offlineStatus, parseChannelStatus, pollDelay, reportForStatusCode } from '../src/player/channelStatus';

describe('status.json', () => {
  test('is parsed', () => {
    expect(
      parseChannelStatus({ state: 'live', session: '01J', startedAt: '2026-01-01T12:00:00Z', liveEdge: 41, title: 'Council' }),
    ).toEqual({
      state: 'live',
      session: '01J',
      startedAt: new Date('2026-01-01T12:00:00Z'),
      liveEdge: '41',
      title: 'Council',
      next: null,
    });
  });
  test('contains the next event, if it is valid', () => {
    expect(parseChannelStatus({ state: 'offline', next: { title: 'Gala', startsAt: '2026-01-01T12:00:00Z' } })?.next).toEqual({
      title: 'Gala',
      startsAt: new Date('2026-01-01T12:00:00Z'),
    });
    for (const next of [null, 'Gala', { title: 'Gala' }, { title: '', startsAt: '2026-01-01T12:00:00Z' }])
      expect(parseChannelStatus({ state: 'offline', next })?.next).toBeNull();
  });
  test('may omit unknown values', () => expect(parseChannelStatus({ state: 'offline' })).toEqual(offlineStatus));
  test('treats an interruption as live', () =>
    expect(parseChannelStatus({ state: 'interrupted' })).toEqual({ ...offlineStatus, state: 'live' }));
  test('ignores values of a wrong type', () => {
    expect(parseChannelStatus({ state: 'live', session: 7, startedAt: 'soon', liveEdge: null })).toEqual({
      ...offlineStatus,
      state: 'live',
    });
  });
  test.each([null, 'live', 3, {}, { state: 'paused' }, []])('%j is invalid', (body) => expect(parseChannelStatus(body)).toBeNull());
});

describe('a response', () => {
  test('200 has a body', () => expect(reportForStatusCode(200, 4)).toBe('read the body'));
  test('404 means an unknown channel', () =>
    expect(reportForStatusCode(404, 4)).toEqual({ kind: 'answer', channelStatus: offlineStatus, isUnknown: true }));
  test.each([401, 403])('%d means an invalid link', (code) =>
    expect(reportForStatusCode(code, 0)).toEqual({ kind: 'denied', reason: 'denied' }),
  );
  test.each([
    ['expired', 'expired'],
    ['no_token', 'noToken'],
    ['revoked', 'denied'],
    ['invalid_token', 'denied'],
    ['anything', 'denied'],
  ])('403 for %s means %s', (denialReason, reason) =>
    expect(reportForStatusCode(403, 0, denialReason)).toEqual({ kind: 'denied', reason }),
  );
  test.each([500, 502, 503, 429])('%d counts as a failure', (code) =>
    expect(reportForStatusCode(code, 2)).toEqual({ kind: 'unreachable', failures: 3 }),
  );
});

describe('the next poll', () => {
  const live = { kind: 'answer', channelStatus: { ...offlineStatus, state: 'live' } } as const;
  test.each([0, 0.5, 1])('follows within 2 to 3 s while nothing plays (%d)', (random) => {
    const delay = pollDelay({ kind: 'answer', channelStatus: offlineStatus }, false, random);
    expect(delay).toBeGreaterThanOrEqual(2000);
    expect(delay).toBeLessThanOrEqual(3000);
  });
  test('follows later during playback', () => expect(pollDelay(live, true, 0)).toBeGreaterThanOrEqual(8000));
  test('follows soon after the first failures, and later after many', () => {
    expect(pollDelay({ kind: 'unreachable', failures: 3 }, false, 1)).toBeLessThanOrEqual(3000);
    expect(pollDelay({ kind: 'unreachable', failures: 40 }, false, 0)).toBeGreaterThanOrEqual(4000);
  });
});
