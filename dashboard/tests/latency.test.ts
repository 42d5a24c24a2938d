import { describe, expect, test } from 'vitest';
import { clockOffset, isBehindLive, latencySeconds, latencyText } from '../src/player/latency';

const at = (iso: string) => new Date(iso);
const now = at('2026-01-01T12:00:10.000Z').getTime();

describe('latency', () => {
  test('is the time between capture and display', () => expect(latencySeconds(now, at('2026-01-01T12:00:05.500Z'))).toBeCloseTo(4.5));
  test('is unknown without wall-clock time', () => expect(latencySeconds(now, null)).toBeNull());
  test('is never negative', () => expect(latencySeconds(now, at('2026-01-01T12:00:10.200Z'))).toBe(0));
  test('is unknown if clocks differ by days', () => expect(latencySeconds(now, at('1970-01-01T00:00:00Z'))).toBeNull());
  test('is unknown for an invalid date', () => expect(latencySeconds(now, new Date(Number.NaN))).toBeNull());
  test.each([[4.04, '4.0'], [99.94, '99.9'], [100.4, '100'], [754.6, '755']])('%d is formatted as %s', (seconds, text) => {
    expect(latencyText(seconds)).toBe(text);
  });
});

describe('behind live', () => {
  test('a position ahead of live is not behind', () => expect(isBehindLive(-2, 2)).toBe(false));
  test('ordinary buffering is not behind', () => expect(isBehindLive(3.9, 2)).toBe(false));
  test('ten seconds are behind', () => expect(isBehindLive(10, 2)).toBe(true));
  test('long segments allow more', () => expect(isBehindLive(10, 6)).toBe(false));
  test('unknown is not behind', () => expect(isBehindLive(null, 2)).toBe(false));
});

describe('the server clock', () => {
  test('is sampled in the middle of the round trip', () => {
    expect(clockOffset([{ sentAt: 1000, receivedAt: 1200, serverMs: 61_100 }])).toBe(60_000);
  });
  test('uses the shortest round trip', () => {
    expect(clockOffset([
      { sentAt: 0, receivedAt: 900, serverMs: 99_999 },
      { sentAt: 1000, receivedAt: 1010, serverMs: 5_005 },
      { sentAt: 2000, receivedAt: 2300, serverMs: 77_777 },
    ])).toBe(4000);
  });
  test('is unknown without a valid sample', () => {
    expect(clockOffset([])).toBeNull();
    expect(clockOffset([{ sentAt: 0, receivedAt: 1, serverMs: Number.NaN }])).toBeNull();
  });
});
