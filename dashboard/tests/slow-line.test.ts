import { describe, expect, test } from 'vitest';
import { type LineSight, hasRecovered, isTooSlow, secondsToHold } from '../src/player/slowLine';

const now = 1_000_000;
const sight = (over: Partial<LineSight>): LineSight => ({ waits: [now - 20_000, now - 100], now, bandwidth: 1_600_000, bitrate: 2_800_000, canGoLower: false, ...over });

describe('a line is too slow', () => {
  const cases: [string, Partial<LineSight>, boolean][] = [
    ['when playback ran dry twice and the line carries less than the stream has', {}, true],
    ['at once when it is far too slow', { waits: [now - 100] }, true],
    ['not at once when it is a little too slow', { waits: [now - 100], bandwidth: 2_700_000 }, false],
    ['when a little too slow twice', { bandwidth: 2_700_000 }, true],
    ['not while nothing ran dry', { waits: [] }, false],
    ['not for what was long ago', { waits: [now - 80_000, now - 40_000] }, false],
    ['not when the line is fast: then it is the encoder or the server that is late', { bandwidth: 20_000_000 }, false],
    ['not while a lower quality is about to be taken', { canGoLower: true }, false],
    ['not before anything was measured', { bandwidth: null }, false],
    ['not where it is not known what is played', { bitrate: null }, false],
  ];
  test.each(cases)('%s', (_, over, expected) => expect(isTooSlow(sight(over))).toBe(expected));
});

describe('a line that was too slow', () => {
  const cases: [string, Partial<LineSight>, boolean][] = [
    ['still is right after a wait, whatever was measured', { bandwidth: 20_000_000 }, false],
    ['is not any more when it carries a good deal more', { waits: [now - 6000], bandwidth: 4_000_000 }, true],
    ['still is when it carries barely more', { waits: [now - 6000], bandwidth: 3_000_000 }, false],
    ['is not any more when nothing ran dry for long', { waits: [now - 91_000] }, true],
    ['is not any more when there is a lower quality', { canGoLower: true }, true],
  ];
  test.each(cases)('%s', (_, over, expected) => expect(hasRecovered(sight(over))).toBe(expected));
});

describe('seconds to load before going on', () => {
  const line = { bandwidth: 1_400_000, bitrate: 2_800_000 };
  const wide = { behind: 0, window: 600 };

  test('are more each time, up to a limit', () => expect([0, 1, 2, 3, 50].map((times) => secondsToHold(line, times, wide))).toEqual([6, 10, 14, 14, 14]));
  test('are no more than stays in the window while live moves on', () => {
    // A wait of 8 s loads 4 s on this line.
    expect(secondsToHold(line, 2, { behind: 42, window: 50 })).toBe(4);
  });
  test('are some even where the window ends: then live is where it goes on', () => expect(secondsToHold(line, 2, { behind: 60, window: 50 })).toBe(3));
  test('are those of a line as fast as the stream where nothing is known', () => expect(secondsToHold({ bandwidth: null, bitrate: null }, 0, { behind: 0, window: 5 })).toBe(5));
});
