import { describe, expect, test } from 'vitest';
import { Tether } from '../src/player/tether';
import { Watchdog } from '../src/player/watchdog';

describe('playback that stands still', () => {
  const standing = (stalledFor: number, atLive = true, isMending = false) => ({ stalledFor, atLive, isMending });
  const hearing = (now: number) => {
    const watchdog = new Watchdog();
    watchdog.heard('1', now - 30_000);
    watchdog.heard('2', now);
    return watchdog;
  };

  test('is left alone at first', () => expect(hearing(60_000).judge(standing(6000), 60_000)).toBeNull());
  test('jumps to live once, and begins anew after that', () => {
    const watchdog = hearing(60_000);
    expect(watchdog.judge(standing(6500), 60_000)).toBe('nudge');
    expect(watchdog.judge(standing(7000), 60_500)).toBeNull();
    expect(watchdog.judge(standing(12_500), 66_000)).toBe('restart');
  });
  test('jumps again after a picture moved', () => {
    const watchdog = hearing(60_000);
    watchdog.judge(standing(6500), 60_000);
    watchdog.rest();
    expect(watchdog.judge(standing(6500), 60_500)).toBe('nudge');
  });
  test('is not begun anew while something is done about it', () => {
    const watchdog = hearing(60_000);
    watchdog.judge(standing(6500), 60_000);
    expect(watchdog.judge(standing(12_500, true, true), 60_000)).toBeNull();
  });
  test('waits at live for an encoder that is gone', () => {
    const watchdog = hearing(60_000);
    watchdog.heard('2', 90_000);
    expect(watchdog.judge(standing(20_000), 90_000)).toBeNull();
  });
  test('behind live or in a recording does not jump, and does not wait for an encoder', () => {
    const watchdog = hearing(60_000);
    expect(watchdog.judge(standing(11_000, false), 90_000)).toBeNull();
    expect(watchdog.judge(standing(12_500, false), 90_000)).toBe('restart');
  });
  test('takes a server that names no live edge to go on', () => {
    const watchdog = hearing(60_000);
    watchdog.heard(null, 89_000);
    watchdog.heard(null, 90_000);
    expect(watchdog.judge(standing(20_000), 90_000)).toBe('restart');
  });
});

describe('after a stall', () => {
  test('playback is checked against live once, when it has run for a while', () => {
    const tether = new Tether();
    expect(tether.fall()).toBe(true);
    expect(tether.fall()).toBe(false);
    expect(tether.settle(2500)).toBe(false);
    expect(tether.settle(3000)).toBe(true);
    expect(tether.settle(3500)).toBe(false);
    expect(tether.fall()).toBe(true);
  });
  test('playback without one is not', () => expect(new Tether().settle(60_000)).toBe(false));
  test('who chose to be behind stays there, also when they come to live later', () => {
    const tether = new Tether();
    tether.fall();
    tether.behindByChoice = true;
    expect(tether.settle(3000)).toBe(false);
    tether.behindByChoice = false;
    expect(tether.settle(3500)).toBe(false);
  });
  test('a jump, and another stream, begin anew', () => {
    const tether = new Tether();
    tether.fall();
    tether.choose(true);
    expect([tether.behindByChoice, tether.settle(3000)]).toEqual([true, false]);
    tether.fall();
    tether.reset();
    expect([tether.behindByChoice, tether.settle(3000)]).toEqual([false, false]);
  });
});

describe('on a line that was too slow', () => {
  const tight = { holdsUp: false, isSlow: false };
  const slow = { holdsUp: false, isSlow: true };
  const held = { holdsUp: true, isSlow: true };
  const heldUp = () => {
    const tether = new Tether();
    tether.heed(held, true, 0);
    return tether;
  };

  test('playback is not brought to live, where it would stand still again', () => {
    const tether = heldUp();
    tether.fall();
    expect([tether.isLoose, tether.behindByChoice, tether.settle(3000)]).toEqual([true, false, false]);
  });
  test('one slow moment does not leave it behind for good: at live, on a better line, it is kept there again', () => {
    const tether = heldUp();
    tether.heed(slow, false, 60_000);
    expect(tether.isLoose).toBe(true);
    tether.heed(tight, true, 60_000);
    expect(tether.isLoose).toBe(true);
    tether.heed(tight, false, 60_000);
    expect(tether.isLoose).toBe(false);
    tether.fall();
    expect(tether.settle(3000)).toBe(true);
  });
  test('what has just begun anew is not at live because nobody knows yet where that is', () => {
    const tether = heldUp();
    tether.heed(tight, false, 0);
    expect(tether.isLoose).toBe(true);
  });
  test('who goes to live by hand while it still is, is left behind by the next wait, too', () => {
    const tether = heldUp();
    tether.tighten();
    expect(tether.isLoose).toBe(false);
    tether.heed(slow, false, 60_000);
    expect(tether.isLoose).toBe(false);
    tether.heed(held, false, 0);
    expect(tether.isLoose).toBe(true);
  });
  test('what the viewer chose outlasts it', () => {
    const tether = heldUp();
    tether.behindByChoice = true;
    tether.heed(tight, false, 60_000);
    expect(tether.isLoose).toBe(true);
  });
  test('a stream begun anew where it was is behind for the same reason as before', () => {
    const tether = heldUp();
    tether.found();
    expect(tether.behindByChoice).toBe(false);
    const other = new Tether();
    other.found();
    expect(other.behindByChoice).toBe(true);
  });
});
