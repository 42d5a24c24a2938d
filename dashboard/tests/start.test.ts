import { describe, expect, test } from 'vitest';
import { parseStart, resolveStart } from '../src/player/start';
import { PlaylistTimeline } from '../src/player/timeline';

describe('the start in a shared URL', () => {
  test.each([
    ['?t=90', 90],
    ['?t=90s', 90],
    ['?t=1m30', 90],
    ['?t=1h2m3s', 3723],
    ['?t=2h', 7200],
    ['?t=1:02:03', 3723],
    ['?t=12:34', 754],
    ['?token=x&t=5', 5],
    ['?t=0', 0],
  ])('%s is an offset', (search, seconds) => expect(parseStart(search)).toEqual({ kind: 'offset', seconds }));
  test.each([
    ['?t=2026-03-01T19:30:00Z', '2026-03-01T19:30:00Z'],
    ['?t=2026-03-01T20:30:00%2B01:00', '2026-03-01T19:30:00Z'],
    ['?t=2026-03-01T20:30:00+01:00', '2026-03-01T19:30:00Z'],
    ['?t=1772393400', '2026-03-01T19:30:00Z'],
  ])('%s is a wall-clock time', (search, moment) => expect(parseStart(search)).toEqual({ kind: 'clock', ms: Date.parse(moment) }));
  test.each(['', '?t=', '?t=soon', '?t=-5', '?t=1e9', '?t=1:2:3:4', '?t=2026-13-77', `?t=${'1'.repeat(60)}`, '?t=hms'])(
    '%s is invalid',
    (search) => expect(parseStart(search)).toBeNull(),
  );
});

describe('the start position', () => {
  const startedAt = Date.UTC(2026, 2, 1, 12);
  // After an hour, ten minutes remain seekable.
  const late = new PlaylistTimeline([{ start: 0, duration: 600, programDateTime: startedAt + 3_000_000 }], { start: 0, end: 590 });

  test('counts from the start of the session', () => expect(resolveStart({ kind: 'offset', seconds: 3120 }, late, startedAt)).toBe(120));
  test('uses wall-clock time', () => expect(resolveStart({ kind: 'clock', ms: startedAt + 3_060_000 }, late, startedAt)).toBe(60));
  test('is the oldest available position for removed media', () =>
    expect(resolveStart({ kind: 'offset', seconds: 10 }, late, startedAt)).toBe(0));
  test('is unknown for the future', () => expect(resolveStart({ kind: 'offset', seconds: 9000 }, late, startedAt)).toBeNull());
  test('of a recording counts from its start', () => {
    const recording = new PlaylistTimeline([{ start: 0, duration: 60, programDateTime: null }], { start: 0, end: 60 });
    expect(resolveStart({ kind: 'offset', seconds: 42 }, recording, null)).toBe(42);
    expect(resolveStart({ kind: 'offset', seconds: 61 }, recording, null)).toBeNull();
    expect(resolveStart({ kind: 'clock', ms: startedAt }, recording, null)).toBeNull();
  });
});
