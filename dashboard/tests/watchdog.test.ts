import { describe, expect, test } from 'vitest';
import { LiveSync } from '../src/player/liveSync';
import { Watchdog } from '../src/player/watchdog';

describe('a playback stall', () => {
  const stall = (stalledFor: number, isAtLive = true, isRecovering = false) => ({ stalledFor, isAtLive, isRecovering });
  const createWatchdog = (now: number) => {
    const watchdog = new Watchdog();
    watchdog.recordLiveEdge('1', now - 30_000);
    watchdog.recordLiveEdge('2', now);
    return watchdog;
  };

  test('is ignored at first', () => expect(createWatchdog(60_000).evaluate(stall(6000), 60_000)).toBeNull());
  test('seeks to live once, then restarts', () => {
    const watchdog = createWatchdog(60_000);
    expect(watchdog.evaluate(stall(6500), 60_000)).toBe('nudge');
    expect(watchdog.evaluate(stall(7000), 60_500)).toBeNull();
    expect(watchdog.evaluate(stall(12_500), 66_000)).toBe('restart');
  });
  test('seeks again after playback has advanced', () => {
    const watchdog = createWatchdog(60_000);
    watchdog.evaluate(stall(6500), 60_000);
    watchdog.reset();
    expect(watchdog.evaluate(stall(6500), 60_500)).toBe('nudge');
  });
  test('does not restart during a recovery', () => {
    const watchdog = createWatchdog(60_000);
    watchdog.evaluate(stall(6500), 60_000);
    expect(watchdog.evaluate(stall(12_500, true, true), 60_000)).toBeNull();
  });
  test('waits at live for a disconnected encoder', () => {
    const watchdog = createWatchdog(60_000);
    watchdog.recordLiveEdge('2', 90_000);
    expect(watchdog.evaluate(stall(20_000), 90_000)).toBeNull();
  });
  test('behind live or in a recording does not seek, and does not wait for an encoder', () => {
    const watchdog = createWatchdog(60_000);
    expect(watchdog.evaluate(stall(11_000, false), 90_000)).toBeNull();
    expect(watchdog.evaluate(stall(12_500, false), 90_000)).toBe('restart');
  });
  test('treats a server without live edge as advancing', () => {
    const watchdog = createWatchdog(60_000);
    watchdog.recordLiveEdge(null, 89_000);
    watchdog.recordLiveEdge(null, 90_000);
    expect(watchdog.evaluate(stall(20_000), 90_000)).toBe('restart');
  });
});

describe('after a stall', () => {
  test('playback is checked against live once, after it has run for a while', () => {
    const liveSync = new LiveSync();
    expect(liveSync.markStalled()).toBe(true);
    expect(liveSync.markStalled()).toBe(false);
    expect(liveSync.shouldReturnToLive(2500)).toBe(false);
    expect(liveSync.shouldReturnToLive(3000)).toBe(true);
    expect(liveSync.shouldReturnToLive(3500)).toBe(false);
    expect(liveSync.markStalled()).toBe(true);
  });
  test('playback without a stall is not checked', () => expect(new LiveSync().shouldReturnToLive(60_000)).toBe(false));
  test('a viewer who chose to be behind stays there', () => {
    const liveSync = new LiveSync();
    liveSync.markStalled();
    liveSync.isBehindByChoice = true;
    expect(liveSync.shouldReturnToLive(3000)).toBe(false);
    liveSync.isBehindByChoice = false;
    expect(liveSync.shouldReturnToLive(3500)).toBe(false);
  });
  test('a seek and another stream reset the state', () => {
    const liveSync = new LiveSync();
    liveSync.markStalled();
    liveSync.setByViewer(true);
    expect([liveSync.isBehindByChoice, liveSync.shouldReturnToLive(3000)]).toEqual([true, false]);
    liveSync.markStalled();
    liveSync.reset();
    expect([liveSync.isBehindByChoice, liveSync.shouldReturnToLive(3000)]).toEqual([false, false]);
  });
});

describe('on a slow connection', () => {
  const recovered = { isHolding: false, isSlow: false };
  const slowConnection = { isHolding: false, isSlow: true };
  const holding = { isHolding: true, isSlow: true };
  const createHeld = () => {
    const liveSync = new LiveSync();
    liveSync.observe(holding, true, 0);
    return liveSync;
  };

  test('playback is not returned to live, where it would stall again', () => {
    const liveSync = createHeld();
    liveSync.markStalled();
    expect([liveSync.allowsBehind, liveSync.isBehindByChoice, liveSync.shouldReturnToLive(3000)]).toEqual([true, false, false]);
  });
  test('playback is kept at live again after recovery', () => {
    const liveSync = createHeld();
    liveSync.observe(slowConnection, false, 60_000);
    expect(liveSync.allowsBehind).toBe(true);
    liveSync.observe(recovered, true, 60_000);
    expect(liveSync.allowsBehind).toBe(true);
    liveSync.observe(recovered, false, 60_000);
    expect(liveSync.allowsBehind).toBe(false);
    liveSync.markStalled();
    expect(liveSync.shouldReturnToLive(3000)).toBe(true);
  });
  test('a restarted stream does not count as at live yet', () => {
    const liveSync = createHeld();
    liveSync.observe(recovered, false, 0);
    expect(liveSync.allowsBehind).toBe(true);
  });
  test('going live manually ends with the next wait', () => {
    const liveSync = createHeld();
    liveSync.returnToLive();
    expect(liveSync.allowsBehind).toBe(false);
    liveSync.observe(slowConnection, false, 60_000);
    expect(liveSync.allowsBehind).toBe(false);
    liveSync.observe(holding, false, 0);
    expect(liveSync.allowsBehind).toBe(true);
  });
  test('the viewer’s choice outlasts the recovery', () => {
    const liveSync = createHeld();
    liveSync.isBehindByChoice = true;
    liveSync.observe(recovered, false, 60_000);
    expect(liveSync.allowsBehind).toBe(true);
  });
  test('a restarted stream keeps its reason for being behind', () => {
    const liveSync = createHeld();
    liveSync.onStartedBehind();
    expect(liveSync.isBehindByChoice).toBe(false);
    const other = new LiveSync();
    other.onStartedBehind();
    expect(other.isBehindByChoice).toBe(true);
  });
});
