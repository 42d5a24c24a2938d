import { describe, expect, test } from 'vitest';
import { Beacon, isNoticed } from '../src/player/beacon';
import { parseBroadcast } from '../src/player/broadcast';

const all = { every: 30, share: 1 };

function beacon(high = 0x80000000, random = 0) {
  const sent: string[] = [];
  return { sent, beacon: new Beacon((body) => sent.push(body), new Uint32Array([high, 0x1234]), () => random) };
}

/** Looks twice a second, as the player does. */
function watch(page: Beacon, from: number, to: number, plan = all, plays = true): void {
  for (let second = from; second < to; second += 0.5) page.observe(plays, plan, second * 1000);
}

describe('a page that plays', () => {
  test('tells of itself every half minute, by an id of its own', () => {
    const page = beacon();
    watch(page.beacon, 0, 91);
    expect(page.sent).toEqual(Array.from({ length: 4 }, () => 'play 8000000000001234'));
  });
  test('spreads its first word', () => {
    const page = beacon(0, 0.5);
    watch(page.beacon, 0, 1.5);
    expect(page.sent).toHaveLength(0);
    watch(page.beacon, 1.5, 2);
    expect(page.sent).toHaveLength(1);
    const sampled = beacon(0, 0.5);
    watch(sampled.beacon, 0, 15, { every: 30, share: 0.25 });
    expect(sampled.sent).toHaveLength(0);
    watch(sampled.beacon, 15, 16, { every: 30, share: 0.25 });
    expect(sampled.sent).toHaveLength(1);
  });
  test('says nothing before it plays, or where the server does not ask', () => {
    const page = beacon();
    watch(page.beacon, 0, 60, all, false);
    page.beacon.leave();
    page.beacon.observe(true, undefined, 60_000);
    page.beacon.observe(true, null, 61_000);
    expect(page.sent).toEqual([]);
  });
  test('says once that it left, and comes again when it plays again', () => {
    const page = beacon();
    watch(page.beacon, 0, 1);
    page.beacon.leave();
    page.beacon.leave();
    watch(page.beacon, 2, 3);
    expect(page.sent).toEqual(['play 8000000000001234', 'left 8000000000001234', 'play 8000000000001234']);
  });
  test('is still watched when it stands still for a moment, and not when it stands still for long', () => {
    const page = beacon();
    watch(page.beacon, 0, 5);
    watch(page.beacon, 5, 14, all, false);
    expect(page.sent).toHaveLength(1);
    watch(page.beacon, 14, 40, all, false);
    expect(page.sent).toEqual(['play 8000000000001234', 'left 8000000000001234']);
  });
  test('goes on while the server does not answer, and leaves when there is nothing to count any more', () => {
    const page = beacon();
    watch(page.beacon, 0, 1);
    page.beacon.observe(true, null, 30_500);
    expect(page.sent).toHaveLength(2);
    page.beacon.observe(true, undefined, 31_000);
    page.beacon.observe(true, null, 90_000);
    expect(page.sent).toEqual(['play 8000000000001234', 'play 8000000000001234', 'left 8000000000001234']);
  });
  test('that slept is heard once, not for each beacon that it missed', () => {
    const page = beacon();
    watch(page.beacon, 0, 1);
    watch(page.beacon, 3600, 3601);
    expect(page.sent).toHaveLength(2);
  });
});

describe('a share', () => {
  test.each([[0, 1 / 1024, true], [0x003fffff, 1 / 1024, true], [0x00400000, 1 / 1024, false], [0x7fffffff, 0.5, true], [0x80000000, 0.5, false], [0xffffffff, 1, true]])('%i of %d', (high, share, tells) => {
    const page = beacon(high);
    watch(page.beacon, 0, 31, { every: 30, share });
    expect(page.sent.length > 0).toBe(tells);
  });
  test('that falls silences a page without a word', () => {
    const page = beacon();
    watch(page.beacon, 0, 1);
    watch(page.beacon, 1, 120, { every: 30, share: 0.5 });
    page.beacon.leave();
    expect(page.sent).toHaveLength(1);
  });
});

describe('who is there', () => {
  test('sees it, or hears it', () => {
    expect(isNoticed(false, { muted: true, volume: 0 }, false)).toBe(true);
    expect(isNoticed(true, { muted: false, volume: 0.5 }, false)).toBe(true);
    expect(isNoticed(true, { muted: true, volume: 1 }, true)).toBe(true);
    expect(isNoticed(true, { muted: true, volume: 1 }, false)).toBe(false);
    expect(isNoticed(true, { muted: false, volume: 0 }, false)).toBe(false);
  });
});

describe('what the server says', () => {
  const status = { state: 'live', session: null, startedAt: null, liveEdge: null };
  test('is how many watch, and how to tell', () => {
    const broadcast = parseBroadcast({ ...status, viewers: 12, beacon: { every: 30, share: 0.25 } });
    expect(broadcast?.viewers).toBe(12);
    expect(broadcast?.beacon).toEqual({ every: 30, share: 0.25 });
  });
  test.each([{}, { beacon: null }, { beacon: 3 }, { beacon: { every: 0, share: 1 } }, { beacon: { every: 30, share: 2 } }, { beacon: { every: '30', share: 1 } }, { viewers: -1 }, { viewers: '5' }])('%j is left out', (fields) => {
    const broadcast = parseBroadcast({ ...status, ...fields });
    expect(broadcast).not.toBeNull();
    expect(broadcast?.beacon).toBeUndefined();
    expect(broadcast?.viewers).toBeUndefined();
  });
});
