import { describe, expect, test } from 'vitest';
import {
  type BandwidthHints,
  type Transfer,
  firstEstimate,
  createMeasurement,
  storedBandwidth,
  transferRate,
  unknownBandwidth,
} from '../src/player/bandwidth';

const noHints: BandwidthHints = { scriptTransfer: null, previousStream: null, browserEstimate: null, savesData: false };

describe('the initial bandwidth estimate', () => {
  const cases: [string, Partial<BandwidthHints>, number][] = [
    ['nothing is known', {}, unknownBandwidth],
    ['the script transfer was measured', { scriptTransfer: 1_600_000 }, 1_280_000],
    ['an earlier stream was measured', { previousStream: 5_000_000 }, 4_000_000],
    ['both were measured and the lower value counts', { scriptTransfer: 1_000_000, previousStream: 10_000_000 }, 800_000],
    [
      'both were measured and the connection became faster (the quality rises during playback)',
      { scriptTransfer: 10_000_000, previousStream: 1_000_000 },
      800_000,
    ],
    ['only a low browser estimate exists', { browserEstimate: 1_000_000 }, 800_000],
    ['only a high browser estimate exists', { browserEstimate: 10_000_000 }, unknownBandwidth],
    ['a browser estimate and a measurement exist', { scriptTransfer: 5_000_000, browserEstimate: 1_400_000 }, 4_000_000],
    ['the connection is very slow', { scriptTransfer: 1000 }, 200_000],
    ['the connection is very fast', { scriptTransfer: 900_000_000 }, 20_000_000],
    ['the viewer saves data on a fast connection', { scriptTransfer: 50_000_000, savesData: true }, 500_000],
    ['the viewer saves data on a slow connection', { scriptTransfer: 400_000, savesData: true }, 320_000],
  ];
  test.each(cases)('when %s', (_, hints, estimate) => expect(firstEstimate({ ...noHints, ...hints })).toBe(estimate));
});

describe('the bandwidth of loaded files', () => {
  const file = (size: number, ms: number, transferred = size + 300): Transfer => ({
    responseStart: 100,
    responseEnd: 100 + ms,
    encodedBodySize: size,
    transferSize: transferred,
  });

  test('is that of the largest file', () =>
    expect(transferRate([file(60_000, 10), file(200_000, 1000), file(70_000, 10)])).toBe(1_600_000));
  test('ignores small files', () => expect(transferRate([file(20_000, 1000)])).toBeNull());
  test('ignores cached files', () => expect(transferRate([file(200_000, 1, 0)])).toBeNull());
  test('ignores revalidated files', () => expect(transferRate([file(200_000, 1, 300)])).toBeNull());
  test('assumes at least a millisecond', () => expect(transferRate([file(100_000, 0)])).toBe(800_000_000));
  test('is unknown without files', () => expect(transferRate([])).toBeNull());
});

describe('a stored measurement', () => {
  const day = 86_400_000;
  const now = 20_000 * day + 5000;

  test('is a rounded number and a day', () => expect(createMeasurement(1_234_567, now)).toEqual({ rate: 12, day: 20_000 }));
  test('is limited to a range', () => {
    expect(createMeasurement(1, now).rate).toBe(2);
    expect(createMeasurement(1e12, now).rate).toBe(200);
  });

  const ages: [number, number | null][] = [
    [0, 1_200_000],
    [1, 1_200_000],
    [2, 600_000],
    [7, 600_000],
    [8, null],
    [-1, null],
  ];
  test.each(ages)('after %i days', (days, rate) => expect(storedBandwidth({ rate: 12, day: 20_000 - days }, now)).toBe(rate));

  const invalid: [string, unknown][] = [
    ['nothing', null],
    ['a string', '12'],
    ['an unexpected object', { bits: 3 }],
    ['a string as the rate', { rate: '12', day: 20_000 }],
    ['a rate that is not a number', { rate: Number.NaN, day: 20_000 }],
    ['a rate that is too high', { rate: 1e9, day: 20_000 }],
    ['a rate that is too low', { rate: 0, day: 20_000 }],
    ['a missing day', { rate: 12, day: Number.NaN }],
  ];
  test.each(invalid)('ignores %s', (_, stored) => expect(storedBandwidth(stored, now)).toBeNull());
});
