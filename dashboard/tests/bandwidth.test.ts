import { describe, expect, test } from 'vitest';
import { type LineHints, type Transfer, firstEstimate, measurementOf, recalled, transferRate, unknownLine } from '../src/player/bandwidth';

const nothing: LineHints = { scripts: null, remembered: null, guessed: null, savesData: false };

describe('the first estimate of a line', () => {
  const known: [string, Partial<LineHints>, number][] = [
    ['nothing is known', {}, unknownLine],
    ['the scripts were measured', { scripts: 1_600_000 }, 1_280_000],
    ['an earlier stream was', { remembered: 5_000_000 }, 4_000_000],
    ['both were: the lower counts, on a line that has become slower', { scripts: 1_000_000, remembered: 10_000_000 }, 800_000],
    ['and on one that has become faster: the picture grows while it plays', { scripts: 10_000_000, remembered: 1_000_000 }, 800_000],
    ['only the browser guesses, and little', { guessed: 1_000_000 }, 800_000],
    ['only the browser guesses, and much', { guessed: 10_000_000 }, unknownLine],
    ['the browser guesses beside a measurement', { scripts: 5_000_000, guessed: 1_400_000 }, 4_000_000],
    ['the line is very slow', { scripts: 1000 }, 200_000],
    ['the line is very fast', { scripts: 900_000_000 }, 20_000_000],
    ['the viewer saves data on a fast line', { scripts: 50_000_000, savesData: true }, 500_000],
    ['the viewer saves data on a slow line', { scripts: 400_000, savesData: true }, 320_000],
  ];
  test.each(known)('when %s', (_, hints, estimate) => expect(firstEstimate({ ...nothing, ...hints })).toBe(estimate));
});

describe('how fast files came', () => {
  const file = (size: number, ms: number, transferred = size + 300): Transfer => ({ responseStart: 100, responseEnd: 100 + ms, encodedBodySize: size, transferSize: transferred });

  test('the largest tells it', () => expect(transferRate([file(60_000, 10), file(200_000, 1000), file(70_000, 10)])).toBe(1_600_000));
  test('small ones tell nothing', () => expect(transferRate([file(20_000, 1000)])).toBeNull());
  test('what came out of the cache tells nothing', () => expect(transferRate([file(200_000, 1, 0)])).toBeNull());
  test('what was only asked after tells nothing', () => expect(transferRate([file(200_000, 1, 300)])).toBeNull());
  test('no time at all is a millisecond', () => expect(transferRate([file(100_000, 0)])).toBe(800_000_000));
  test('there may be none', () => expect(transferRate([])).toBeNull());
});

describe('a measurement that is kept', () => {
  const day = 86_400_000;
  const now = 20_000 * day + 5000;

  test('is a rounded number and a day', () => expect(measurementOf(1_234_567, now)).toEqual({ rate: 12, day: 20_000 }));
  test('has bounds', () => {
    expect(measurementOf(1, now).rate).toBe(2);
    expect(measurementOf(1e12, now).rate).toBe(200);
  });

  const ages: [number, number | null][] = [[0, 1_200_000], [1, 1_200_000], [2, 600_000], [7, 600_000], [8, null], [-1, null]];
  test.each(ages)('after %i days', (days, rate) => expect(recalled({ rate: 12, day: 20_000 - days }, now)).toBe(rate));

  const odd: [string, unknown][] = [
    ['nothing', null], ['a text', '12'], ['another shape', { bits: 3 }], ['a text for the rate', { rate: '12', day: 20_000 }],
    ['no number', { rate: Number.NaN, day: 20_000 }], ['too much', { rate: 1e9, day: 20_000 }], ['too little', { rate: 0, day: 20_000 }], ['no day', { rate: 12, day: Number.NaN }],
  ];
  test.each(odd)('%s is as if it were not there', (_, stored) => expect(recalled(stored, now)).toBeNull());
});
