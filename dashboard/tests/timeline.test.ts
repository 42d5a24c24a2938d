import { describe, expect, test } from 'vitest';
import {
  type TimelineSegment,
  PlaylistTimeline,
  bufferedAround,
  seekTarget,
  durationText,
  fractionOf,
  clampSeek,
  positionAt,
  positionByKey,
} from '../src/player/timeline';

const noon = Date.UTC(2026, 2, 1, 12);
const segment = (start: number, seconds: number | null, gap = false): TimelineSegment => ({
  start,
  duration: 4,
  programDateTime: seconds === null ? null : noon + seconds * 1000,
  gap,
});
const timeline = (segments: TimelineSegment[]) =>
  new PlaylistTimeline(segments, { start: segments[0]?.start ?? 0, end: (segments.at(-1)?.start ?? 0) + 4 });

describe('a timeline', () => {
  const steady = timeline([segment(10, 0), segment(14, 4), segment(18, 8)]);

  test('maps positions to wall-clock time and back', () => {
    expect(steady.dateAt(15.5)).toBe(noon + 5500);
    expect(steady.positionOf(noon + 5500)).toBeCloseTo(15.5);
  });
  test('extends beyond its last segment', () => expect(steady.dateAt(23)).toBe(noon + 13_000));
  test('limits times to its range', () => {
    expect(steady.positionOf(noon - 60_000)).toBe(10);
    expect(steady.positionOf(noon + 60_000)).toBe(22);
  });
  test('uses the time of each segment, because it jumps at a discontinuity', () => {
    const discontinuous = timeline([segment(0, 0), segment(4, 4), segment(8, 600), segment(12, 604)]);
    expect(discontinuous.dateAt(7)).toBe(noon + 7000);
    expect(discontinuous.dateAt(9)).toBe(noon + 601_000);
    expect(discontinuous.positionOf(noon + 601_000)).toBe(9);
    expect(discontinuous.positionOf(noon + 300_000)).toBe(8);
  });
  test('has no wall-clock time if the stream has none', () => {
    const undated = timeline([segment(0, null)]);
    expect(undated.dateAt(1)).toBeNull();
    expect(undated.positionOf(noon)).toBeNull();
  });
  test('may be empty', () => {
    const empty = new PlaylistTimeline([], { start: 0, end: 0 });
    expect(empty.dateAt(0)).toBeNull();
    expect(empty.positionOf(noon)).toBeNull();
  });
  test('merges adjacent gaps', () => {
    const withGaps = timeline([
      segment(0, 0),
      segment(4, 4, true),
      segment(8, 8, true),
      segment(12, 12),
      segment(16, 16, true),
      segment(20, 20),
    ]);
    expect(withGaps.gaps).toEqual([
      { start: 4, end: 12 },
      { start: 16, end: 20 },
    ]);
  });
});

describe('a seek', () => {
  const withGaps = {
    window: { start: 10, end: 100 },
    gaps: [
      { start: 40, end: 50 },
      { start: 90, end: 100 },
    ],
  };
  test('stays inside the window', () => {
    expect(clampSeek(Number.NEGATIVE_INFINITY, withGaps)).toBe(10);
    expect(clampSeek(Number.POSITIVE_INFINITY, withGaps)).toBe(100);
    expect(clampSeek(30, withGaps)).toBe(30);
  });
  test('into a gap ends after it, but within the window', () => {
    expect(clampSeek(40, withGaps)).toBeCloseTo(50.1);
    expect(clampSeek(95, withGaps)).toBe(100);
  });
});

describe('keys on the seek bar', () => {
  const day = { start: 0, end: 86_400 };
  test.each([
    ['ArrowLeft', 995],
    ['ArrowDown', 995],
    ['ArrowRight', 1005],
    ['ArrowUp', 1005],
    ['PageDown', 700],
    ['PageUp', 1300],
    ['Home', 0],
    ['End', 86_400],
    ['x', null],
  ])('%s', (key, place) => {
    expect(positionByKey(key, 1000, day)).toBe(place);
  });
  test('a page of a short window is half a minute', () => expect(positionByKey('PageDown', 50, { start: 0, end: 60 })).toBe(20));
});

test('positions and fractions convert, within limits', () => {
  const window = { start: 20, end: 60 };
  expect(fractionOf(30, window)).toBe(0.25);
  expect(positionAt(0.25, window)).toBe(30);
  expect(fractionOf(0, window)).toBe(0);
  expect(positionAt(7, window)).toBe(60);
  expect(fractionOf(5, { start: 5, end: 5 })).toBe(1);
});

test('only the buffered range around the position counts, within the window', () => {
  const ranges = [
    { start: 0, end: 8 },
    { start: 30, end: 70 },
  ];
  expect(bufferedAround(40, ranges, { start: 20, end: 60 })).toEqual({ start: 30, end: 60 });
  expect(bufferedAround(29.8, ranges, { start: 20, end: 60 })).toEqual({ start: 30, end: 60 });
  expect(bufferedAround(15, ranges, { start: 20, end: 60 })).toBeNull();
});

test.each([
  [0, '0:00'],
  [7.9, '0:07'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [90_000, '25:00:00'],
  [-3, '0:00'],
])('%d s is %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

describe('the target of a seek', () => {
  const open = { window: { start: 10, end: 100 }, gaps: [{ start: 20, end: 30 }] };
  test('is the position, or the nearest available one', () => {
    expect([seekTarget(50, open, false, true), seekTarget(5, open, false, true), seekTarget(25, open, false, true)]).toEqual([
      50, 10, 30.1,
    ]);
  });
  test('near the end of a live stream is live', () => {
    expect([seekTarget(99.4, open, false, true), seekTarget(99.5, open, false, true), seekTarget(500, open, false, true)]).toEqual([
      99.4,
      'live',
      'live',
    ]);
  });
  test('in an ended stream is before its end, where a frame exists', () => {
    expect(seekTarget(500, open, true, true)).toBeCloseTo(99.7);
    expect(seekTarget(1, { window: { start: 0, end: 0.1 }, gaps: [] }, true, false)).toBe(0);
  });
  test('in a recording is never live', () => expect(seekTarget(500, open, false, false)).toBe(100));
});
