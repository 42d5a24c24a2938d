import { describe, expect, test } from 'vitest';
import { Beacon, isWatched } from '../src/player/beacon';
import { parseChannelStatus } from '../src/player/channelStatus';

const fullShare = { every: 30, share: 1 };

function createBeacon(high = 0x80000000, random = 0) {
  const sent: string[] = [];
  return {
    sent,
    beacon: new Beacon(
      (body) => sent.push(body),
      new Uint32Array([high, 0x1234]),
      () => random,
    ),
  };
}

/** Calls `observe` twice a second, as the player does. */
function play(page: Beacon, from: number, to: number, plan = fullShare, plays = true): void {
  for (let second = from; second < to; second += 0.5) page.observe(plays, plan, second * 1000);
}

describe('a playing page', () => {
  test('sends a beacon every half minute with its id', () => {
    const page = createBeacon();
    play(page.beacon, 0, 91);
    expect(page.sent).toEqual(Array.from({ length: 4 }, () => 'play 8000000000001234'));
  });
  test('spreads its first beacon', () => {
    const page = createBeacon(0, 0.5);
    play(page.beacon, 0, 1.5);
    expect(page.sent).toHaveLength(0);
    play(page.beacon, 1.5, 2);
    expect(page.sent).toHaveLength(1);
    const sampled = createBeacon(0, 0.5);
    play(sampled.beacon, 0, 15, { every: 30, share: 0.25 });
    expect(sampled.sent).toHaveLength(0);
    play(sampled.beacon, 15, 16, { every: 30, share: 0.25 });
    expect(sampled.sent).toHaveLength(1);
  });
  test('sends nothing before playback or without a plan', () => {
    const page = createBeacon();
    play(page.beacon, 0, 60, fullShare, false);
    page.beacon.stop();
    page.beacon.observe(true, undefined, 60_000);
    page.beacon.observe(true, null, 61_000);
    expect(page.sent).toEqual([]);
  });
  test('reports its end once, and starts again', () => {
    const page = createBeacon();
    play(page.beacon, 0, 1);
    page.beacon.stop();
    page.beacon.stop();
    play(page.beacon, 2, 3);
    expect(page.sent).toEqual(['play 8000000000001234', 'left 8000000000001234', 'play 8000000000001234']);
  });
  test('counts as watching during short stalls', () => {
    const page = createBeacon();
    play(page.beacon, 0, 5);
    play(page.beacon, 5, 14, fullShare, false);
    expect(page.sent).toHaveLength(1);
    play(page.beacon, 14, 40, fullShare, false);
    expect(page.sent).toEqual(['play 8000000000001234', 'left 8000000000001234']);
  });
  test('keeps the last plan while the server is unreachable, and stops without a plan', () => {
    const page = createBeacon();
    play(page.beacon, 0, 1);
    page.beacon.observe(true, null, 30_500);
    expect(page.sent).toHaveLength(2);
    page.beacon.observe(true, undefined, 31_000);
    page.beacon.observe(true, null, 90_000);
    expect(page.sent).toEqual(['play 8000000000001234', 'play 8000000000001234', 'left 8000000000001234']);
  });
  test('sends one beacon after sleep', () => {
    const page = createBeacon();
    play(page.beacon, 0, 1);
    play(page.beacon, 3600, 3601);
    expect(page.sent).toHaveLength(2);
  });
});

describe('a share', () => {
  test.each([
    [0, 1 / 1024, true],
    [0x003fffff, 1 / 1024, true],
    [0x00400000, 1 / 1024, false],
    [0x7fffffff, 0.5, true],
    [0x80000000, 0.5, false],
    [0xffffffff, 1, true],
  ])('%i of %d', (high, share, isSent) => {
    const page = createBeacon(high);
    play(page.beacon, 0, 31, { every: 30, share });
    expect(page.sent.length > 0).toBe(isSent);
  });
  test('that shrinks stops a page without a final beacon', () => {
    const page = createBeacon();
    play(page.beacon, 0, 1);
    play(page.beacon, 1, 120, { every: 30, share: 0.5 });
    page.beacon.stop();
    expect(page.sent).toHaveLength(1);
  });
});

describe('watching', () => {
  test('requires visible or audible playback', () => {
    expect(isWatched(false, { muted: true, volume: 0 }, false)).toBe(true);
    expect(isWatched(true, { muted: false, volume: 0.5 }, false)).toBe(true);
    expect(isWatched(true, { muted: true, volume: 1 }, true)).toBe(true);
    expect(isWatched(true, { muted: true, volume: 1 }, false)).toBe(false);
    expect(isWatched(true, { muted: false, volume: 0 }, false)).toBe(false);
  });
});

describe('status.json', () => {
  const status = { state: 'live', session: null, startedAt: null, liveEdge: null };
  test('contains the number of viewers and the beacon plan', () => {
    const broadcast = parseChannelStatus({ ...status, viewers: 12, beacon: { every: 30, share: 0.25 } });
    expect(broadcast?.viewers).toBe(12);
    expect(broadcast?.beacon).toEqual({ every: 30, share: 0.25 });
  });
  test.each([
    {},
    { beacon: null },
    { beacon: 3 },
    { beacon: { every: 0, share: 1 } },
    { beacon: { every: 30, share: 2 } },
    { beacon: { every: '30', share: 1 } },
    { viewers: -1 },
    { viewers: '5' },
  ])('ignores %j', (fields) => {
    const broadcast = parseChannelStatus({ ...status, ...fields });
    expect(broadcast).not.toBeNull();
    expect(broadcast?.beacon).toBeUndefined();
    expect(broadcast?.viewers).toBeUndefined();
  });
});
