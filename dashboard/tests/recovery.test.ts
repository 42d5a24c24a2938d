import { describe, expect, test } from 'vitest';
import { Recovery, type Remedy } from '../src/player/recovery';

const wait = (remedy: Remedy) => (remedy.action === 'giveUp' ? Number.NaN : remedy.afterMs);

describe('recovery', () => {
  test('a network failure resumes loading, and now and then begins anew', () => {
    const recovery = new Recovery();
    expect(Array.from({ length: 8 }, () => recovery.next('network', 0.5).action)).toEqual([
      'resume', 'resume', 'resume', 'rebuild', 'resume', 'resume', 'resume', 'rebuild',
    ]);
  });
  test('waits longer each time, up to a limit, and never gives up', () => {
    const recovery = new Recovery();
    const waits = Array.from({ length: 200 }, () => wait(recovery.next('network', 0.5)));
    expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
    expect(Math.max(...waits)).toBe(10_000);
  });
  test('spreads its viewers', () => {
    expect(wait(new Recovery().next('network', 0))).toBe(375);
    expect(wait(new Recovery().next('network', 1))).toBe(625);
  });
  test('bad media is recovered at once, then begun anew, then shown as an error while trying goes on', () => {
    const recovery = new Recovery();
    const remedies = Array.from({ length: 6 }, () => recovery.next('media', 0.5));
    expect(remedies.map((remedy) => remedy.action)).toEqual(['recoverMedia', 'rebuild', 'rebuild', 'rebuild', 'rebuild', 'rebuild']);
    expect(remedies.map((remedy) => remedy.action !== 'giveUp' && remedy.showError)).toEqual([false, false, false, false, true, true]);
  });
  test('network failures alone are never shown as an error', () => {
    const recovery = new Recovery();
    const remedies = Array.from({ length: 30 }, () => recovery.next('playlist', 0.5));
    expect(remedies.some((remedy) => remedy.action !== 'giveUp' && remedy.showError)).toBe(false);
  });
  test('good playback is a new beginning', () => {
    const recovery = new Recovery();
    for (let i = 0; i < 5; i++) recovery.next('media', 0.5);
    recovery.forget();
    expect(recovery.next('media', 0.5)).toEqual({ action: 'recoverMedia', afterMs: 0, showError: false });
  });
  test('a missing decoder is final', () => expect(new Recovery().next('unsupported', 0.5)).toEqual({ action: 'giveUp' }));
});
