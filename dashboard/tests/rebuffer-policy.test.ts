import { describe, expect, test } from 'vitest';
import { type BufferSample, hasRecovered, isTooSlow, rebufferSeconds } from '../src/player/rebufferPolicy';

const now = 1_000_000;
const sample = (overrides: Partial<BufferSample>): BufferSample => ({
  stalls: [now - 20_000, now - 100],
  now,
  bandwidth: 1_600_000,
  bitrate: 2_800_000,
  canGoLower: false,
  ...overrides,
});

describe('a connection is too slow', () => {
  const cases: [string, Partial<BufferSample>, boolean][] = [
    ['after two stalls on a connection slower than the bitrate', {}, true],
    ['after one stall if it is far too slow', { stalls: [now - 100] }, true],
    ['not after one stall if it is slightly too slow', { stalls: [now - 100], bandwidth: 2_700_000 }, false],
    ['after two stalls if it is slightly too slow', { bandwidth: 2_700_000 }, true],
    ['not without a stall', { stalls: [] }, false],
    ['not after stalls long ago', { stalls: [now - 80_000, now - 40_000] }, false],
    ['not if the connection is fast: then the encoder or the server is late', { bandwidth: 20_000_000 }, false],
    ['not if a lower quality is available', { canGoLower: true }, false],
    ['not before the bandwidth was measured', { bandwidth: null }, false],
    ['not if the bitrate is unknown', { bitrate: null }, false],
  ];
  test.each(cases)('%s', (_, overrides, expected) => expect(isTooSlow(sample(overrides))).toBe(expected));
});

describe('after a slow connection, the player', () => {
  const cases: [string, Partial<BufferSample>, boolean][] = [
    ['has not recovered right after a stall, whatever was measured', { bandwidth: 20_000_000 }, false],
    ['has recovered if the bandwidth is well above the bitrate', { stalls: [now - 6000], bandwidth: 4_000_000 }, true],
    ['has not recovered if the bandwidth is barely above the bitrate', { stalls: [now - 6000], bandwidth: 3_000_000 }, false],
    ['has recovered after a long time without stalls', { stalls: [now - 91_000] }, true],
    ['has recovered if a lower quality is available', { canGoLower: true }, true],
  ];
  test.each(cases)('%s', (_, overrides, expected) => expect(hasRecovered(sample(overrides))).toBe(expected));
});

describe('the seconds to buffer', () => {
  const connection = { bandwidth: 1_400_000, bitrate: 2_800_000 };
  const wideWindow = { behind: 0, window: 600 };

  test('grow with each wait, up to a limit', () =>
    expect([0, 1, 2, 3, 50].map((times) => rebufferSeconds(connection, times, wideWindow))).toEqual([6, 10, 14, 14, 14]));
  test('are limited to what stays in the live window', () => {
    // 8 s of waiting load 4 s on this connection.
    expect(rebufferSeconds(connection, 2, { behind: 42, window: 50 })).toBe(4);
  });
  test('have a minimum at the end of the window', () => expect(rebufferSeconds(connection, 2, { behind: 60, window: 50 })).toBe(3));
  test('assume sufficient bandwidth if it is unknown', () =>
    expect(rebufferSeconds({ bandwidth: null, bitrate: null }, 0, { behind: 0, window: 5 })).toBe(5));
});
