import { describe, expect, test } from 'vitest';
import { Recovery, type RecoveryPlan } from '../src/player/recovery';

const delayOf = (remedy: RecoveryPlan) => (remedy.action === 'giveUp' ? Number.NaN : remedy.afterMs);

describe('recovery', () => {
  test('resumes loading after a network failure, and sometimes rebuilds', () => {
    const recovery = new Recovery();
    expect(Array.from({ length: 8 }, () => recovery.next('network', 0.5).action)).toEqual([
      'resume', 'resume', 'resume', 'rebuild', 'resume', 'resume', 'resume', 'rebuild',
    ]);
  });
  test('delays grow up to a limit, and retries never end', () => {
    const recovery = new Recovery();
    const delays = Array.from({ length: 200 }, () => delayOf(recovery.next('network', 0.5)));
    expect(delays.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
    expect(Math.max(...delays)).toBe(10_000);
  });
  test('delays are randomized', () => {
    expect(delayOf(new Recovery().next('network', 0))).toBe(375);
    expect(delayOf(new Recovery().next('network', 1))).toBe(625);
  });
  test('media errors are recovered, then rebuilt, then shown while retries continue', () => {
    const recovery = new Recovery();
    const plans = Array.from({ length: 6 }, () => recovery.next('media', 0.5));
    expect(plans.map((remedy) => remedy.action)).toEqual(['recoverMedia', 'rebuild', 'rebuild', 'rebuild', 'rebuild', 'rebuild']);
    expect(plans.map((remedy) => remedy.action !== 'giveUp' && remedy.showError)).toEqual([false, false, false, false, true, true]);
  });
  test('network failures alone are never shown', () => {
    const recovery = new Recovery();
    const plans = Array.from({ length: 30 }, () => recovery.next('playlist', 0.5));
    expect(plans.some((remedy) => remedy.action !== 'giveUp' && remedy.showError)).toBe(false);
  });
  test('stable playback resets it', () => {
    const recovery = new Recovery();
    for (let i = 0; i < 5; i++) recovery.next('media', 0.5);
    recovery.reset();
    expect(recovery.next('media', 0.5)).toEqual({ action: 'recoverMedia', afterMs: 0, showError: false });
  });
  test('a missing decoder is final', () => expect(new Recovery().next('unsupported', 0.5)).toEqual({ action: 'giveUp' }));
});
