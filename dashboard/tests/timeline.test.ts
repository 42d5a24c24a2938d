import { describe, expect, test } from 'vitest';
import { type Piece, PlaylistTimeline, bufferedAround, destination, durationText, fractionOf, landing, positionAt, positionByKey } from '../src/player/timeline';

const noon = Date.UTC(2026, 2, 1, 12);
const piece = (start: number, seconds: number | null, gap = false): Piece => ({ start, duration: 4, programDateTime: seconds === null ? null : noon + seconds * 1000, gap });
const timeline = (pieces: Piece[]) => new PlaylistTimeline(pieces, { start: pieces[0]?.start ?? 0, end: (pieces.at(-1)?.start ?? 0) + 4 });

describe('a timeline', () => {
  const steady = timeline([piece(10, 0), piece(14, 4), piece(18, 8)]);

  test('tells the wall clock of a place, and the place of a wall clock', () => {
    expect(steady.dateAt(15.5)).toBe(noon + 5500);
    expect(steady.positionOf(noon + 5500)).toBeCloseTo(15.5);
  });
  test('goes on behind its last segment, where parts of the next are', () => expect(steady.dateAt(23)).toBe(noon + 13_000));
  test('leads what is before its begin to its begin, and what is behind its end to its end', () => {
    expect(steady.positionOf(noon - 60_000)).toBe(10);
    expect(steady.positionOf(noon + 60_000)).toBe(22);
  });
  test('takes each segment at its own clock, because it jumps at a discontinuity', () => {
    const broken = timeline([piece(0, 0), piece(4, 4), piece(8, 600), piece(12, 604)]);
    expect(broken.dateAt(7)).toBe(noon + 7000);
    expect(broken.dateAt(9)).toBe(noon + 601_000);
    expect(broken.positionOf(noon + 601_000)).toBe(9);
    expect(broken.positionOf(noon + 300_000)).toBe(8);
  });
  test('has no clock where the stream has none', () => {
    const silent = timeline([piece(0, null)]);
    expect(silent.dateAt(1)).toBeNull();
    expect(silent.positionOf(noon)).toBeNull();
  });
  test('of nothing says nothing', () => {
    const empty = new PlaylistTimeline([], { start: 0, end: 0 });
    expect(empty.dateAt(0)).toBeNull();
    expect(empty.positionOf(noon)).toBeNull();
  });
  test('joins gaps that follow one another', () => {
    const holes = timeline([piece(0, 0), piece(4, 4, true), piece(8, 8, true), piece(12, 12), piece(16, 16, true), piece(20, 20)]);
    expect(holes.gaps).toEqual([{ start: 4, end: 12 }, { start: 16, end: 20 }]);
  });
});

describe('a jump', () => {
  const holes = { window: { start: 10, end: 100 }, gaps: [{ start: 40, end: 50 }, { start: 90, end: 100 }] };
  test('stays inside what can be gone to', () => {
    expect(landing(Number.NEGATIVE_INFINITY, holes)).toBe(10);
    expect(landing(Number.POSITIVE_INFINITY, holes)).toBe(100);
    expect(landing(30, holes)).toBe(30);
  });
  test('into a gap ends behind it, and never behind the end', () => {
    expect(landing(40, holes)).toBeCloseTo(50.1);
    expect(landing(95, holes)).toBe(100);
  });
});

describe('keys on the seek bar', () => {
  const day = { start: 0, end: 86_400 };
  test.each([['ArrowLeft', 995], ['ArrowDown', 995], ['ArrowRight', 1005], ['ArrowUp', 1005], ['PageDown', 700], ['PageUp', 1300], ['Home', 0], ['End', 86_400], ['x', null]])('%s', (key, place) => {
    expect(positionByKey(key, 1000, day)).toBe(place);
  });
  test('a page of a short window is half a minute', () => expect(positionByKey('PageDown', 50, { start: 0, end: 60 })).toBe(20));
});

test('places and parts of the window fit, and nothing lies outside', () => {
  const window = { start: 20, end: 60 };
  expect(fractionOf(30, window)).toBe(0.25);
  expect(positionAt(0.25, window)).toBe(30);
  expect(fractionOf(0, window)).toBe(0);
  expect(positionAt(7, window)).toBe(60);
  expect(fractionOf(5, { start: 5, end: 5 })).toBe(1);
});

test('only the range that is being played counts as loaded, and only inside the window', () => {
  const ranges = [{ start: 0, end: 8 }, { start: 30, end: 70 }];
  expect(bufferedAround(40, ranges, { start: 20, end: 60 })).toEqual({ start: 30, end: 60 });
  expect(bufferedAround(29.8, ranges, { start: 20, end: 60 })).toEqual({ start: 30, end: 60 });
  expect(bufferedAround(15, ranges, { start: 20, end: 60 })).toBeNull();
});

test.each([[0, '0:00'], [7.9, '0:07'], [754, '12:34'], [3723, '1:02:03'], [90_000, '25:00:00'], [-3, '0:00']])('%d s are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

describe('the end of a jump', () => {
  const open = { window: { start: 10, end: 100 }, gaps: [{ start: 20, end: 30 }] };
  test('is where it was to lead, or the nearest place there is', () => {
    expect([destination(50, open, false, true), destination(5, open, false, true), destination(25, open, false, true)]).toEqual([50, 10, 30.1]);
  });
  test('near the end of what is live is live', () => {
    expect([destination(99.4, open, false, true), destination(99.5, open, false, true), destination(500, open, false, true)]).toEqual([99.4, 'live', 'live']);
  });
  test('of what is over is a little before its end, where there is a picture', () => {
    expect(destination(500, open, true, true)).toBeCloseTo(99.7);
    expect(destination(1, { window: { start: 0, end: 0.1 }, gaps: [] }, true, false)).toBe(0);
  });
  test('of a recording is never live', () => expect(destination(500, open, false, false)).toBe(100));
});
