import { describe, expect, test } from 'vitest';
import { type Engine, type Quality, catchUp } from '../src/player/engine';
import { LineKeeper } from '../src/player/lineKeeper';

/** As much of a video element as is looked at. */
class Video extends EventTarget {
  seeking = false;
  paused = false;
  currentTime = 10;
  playbackRate = 1;
  readyState = 4;
  ahead = 3;
  readonly played = { length: 1 };
  get buffered() {
    return { length: 1, start: () => 0, end: () => this.currentTime + this.ahead };
  }

  runDry(): void {
    this.ahead = 0;
    this.readyState = 2;
    this.dispatchEvent(new Event('waiting'));
  }
}

const only: Quality = { id: 0, width: 1280, height: 720, frameRate: 30, bitrate: 2_800_000 };
const low: Quality = { ...only, id: 1, height: 360, bitrate: 900_000 };

function engineOf(over: Partial<Engine> = {}) {
  const eased: boolean[] = [];
  const engine = {
    qualities: [only], chosenQuality: -1, currentQuality: 0, bandwidth: 1_400_000, secondsToLive: 0, closed: false, timeline: { window: { start: 0, end: 100 } },
    ease: (slow: boolean) => eased.push(slow), ...over,
  } as unknown as Engine;
  return { engine, eased };
}

describe('playback on a line that is too slow', () => {
  const video = () => new Video() as Video & HTMLVideoElement;

  test('waits for some seconds, says why, and goes on', () => {
    const seen = video();
    const { engine, eased } = engineOf();
    const line = new LineKeeper(seen);
    let now = performance.now();
    expect(line.observe(engine, now)).toBe(false);
    seen.runDry();
    now = performance.now();
    expect(line.observe(engine, now)).toBe(true);
    expect([line.isHolding, line.notice, seen.playbackRate, eased]).toEqual([true, 'only', 0, [true]]);
    seen.ahead = 5;
    seen.readyState = 4;
    expect(line.observe(engine, now + 1000)).toBe(false);
    expect(line.isHolding).toBe(true);
    seen.ahead = 6;
    line.observe(engine, now + 2000);
    expect([line.isHolding, line.notice, seen.playbackRate]).toEqual([false, null, 1]);
  });

  test('does not wait for what does not come', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    const now = performance.now();
    line.observe(engine, now);
    line.observe(engine, now + 8500);
    expect([line.isHolding, seen.playbackRate]).toEqual([false, 1]);
    // What is wrong then is for others to mend; it waits again when it has run dry again.
    line.observe(engine, now + 9000);
    expect(line.isHolding).toBe(false);
    seen.runDry();
    line.observe(engine, performance.now());
    expect(line.isHolding).toBe(true);
  });

  test('is not held while the viewer paused it', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    seen.paused = true;
    line.observe(engine, performance.now());
    expect([line.isHolding, seen.playbackRate]).toEqual([false, 1]);
  });

  test('is told what the viewer can do about a quality chosen by hand', () => {
    const seen = video();
    const { engine } = engineOf({ qualities: [only, low], chosenQuality: 0 });
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    line.observe(engine, performance.now());
    expect(line.notice).toBe('chosen');
  });

  test('is left alone where the player takes a lower quality itself', () => {
    const seen = video();
    const { engine } = engineOf({ qualities: [only, low] });
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    expect(line.observe(engine, performance.now())).toBe(false);
    expect(seen.playbackRate).toBe(1);
  });

  test('is left alone where a jump, and not the line, made it wait', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.seeking = true;
    seen.runDry();
    expect(line.observe(engine, performance.now())).toBe(false);
  });

  test('keeps the speed that the viewer chose', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.playbackRate = 0.5;
    seen.runDry();
    line.observe(engine, performance.now());
    expect([line.isHolding, seen.playbackRate]).toEqual([false, 0.5]);
  });

  test('waits also where it was just being hastened to stay with live', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.playbackRate = catchUp;
    seen.runDry();
    line.observe(engine, performance.now());
    expect([line.isHolding, seen.playbackRate]).toEqual([true, 0]);
  });

  test('is left alone in what is over, where waiting would end at the next look', () => {
    const seen = video();
    const { engine } = engineOf({ closed: true });
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    line.observe(engine, performance.now());
    expect([line.isHolding, line.notice, seen.playbackRate]).toEqual([false, null, 1]);
  });

  test('runs again with another stream', () => {
    const seen = video();
    const { engine } = engineOf();
    const line = new LineKeeper(seen);
    line.observe(engine, performance.now());
    seen.runDry();
    line.observe(engine, performance.now());
    line.observe(null, performance.now());
    expect([line.isHolding, line.notice, seen.playbackRate]).toEqual([false, null, 1]);
  });
});
