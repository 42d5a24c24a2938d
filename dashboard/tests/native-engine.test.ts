import { describe, expect, test, vi } from 'vitest';
import type { Begin } from '../src/player/engine';
import { prefersNative } from '../src/player/findEngine';
import { NativeEngine } from '../src/player/nativeEngine';
import { Place } from '../src/player/place';

const taken = Date.UTC(2030, 0, 1, 12);

/** As much of a video as the engine sees. As in browsers, a new address stops it and forgets the place. */
class FakeVideo extends EventTarget {
  currentTime = 0;
  paused = true;
  readyState = 0;
  duration = Number.NaN;
  end = 0;
  startDate = Number.NaN;

  set src(_: string) {
    Object.assign(this, { currentTime: 0, paused: true, readyState: 0, duration: Number.NaN, end: 0, startDate: Number.NaN });
  }

  get seekable() {
    return { length: this.end > 0 ? 1 : 0, start: () => 0, end: () => this.end };
  }

  getStartDate() {
    return new Date(this.startDate);
  }

  play() {
    this.paused = false;
    return Promise.resolve();
  }

  begin(position: number) {
    this.currentTime = position;
    this.paused = false;
    this.dispatchEvent(new Event('playing'));
  }

  load(duration: number, end: number, startDate = Number.NaN) {
    Object.assign(this, { readyState: 1, duration, end, startDate });
    this.dispatchEvent(new Event('loadedmetadata'));
  }
}

function attach(begin: Begin = null) {
  const video = new FakeVideo();
  const nothing = () => undefined;
  return { video, engine: new NativeEngine(video as unknown as HTMLVideoElement, '/index.m3u8', { onTrouble: nothing, onQualities: nothing, onClosed: nothing }, begin) };
}

describe('the browser’s own player, loading anew', () => {
  test('goes on where a recording was', () => {
    const { video, engine } = attach(10);
    video.load(600, 600);
    expect(video.currentTime).toBe(10);
    video.currentTime = 200;
    void video.play();
    engine.resume();
    expect(video.currentTime).toBe(0);
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, false]);
  });
  test('does so also when it fails again on the way', () => {
    const { video, engine } = attach();
    video.load(600, 600);
    video.currentTime = 200;
    void video.play();
    engine.resume();
    engine.resume();
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, false]);
  });
  test('leaves paused what was paused', () => {
    const { video, engine } = attach();
    video.load(600, 600);
    video.currentTime = 200;
    engine.recoverMedia();
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, true]);
  });
  test('finds who is behind live by wall clock', () => {
    const { video, engine } = attach();
    video.load(Number.POSITIVE_INFINITY, 300, taken);
    video.currentTime = 100;
    engine.resume();
    video.load(Number.POSITIVE_INFINITY, 300, taken + 30_000);
    expect(video.currentTime).toBe(70);
  });
  test('leaves who is at live to the browser', () => {
    const { video, engine } = attach();
    video.load(Number.POSITIVE_INFINITY, 300, taken);
    video.currentTime = 290;
    engine.resume();
    video.load(Number.POSITIVE_INFINITY, 300, taken + 30_000);
    expect(video.currentTime).toBe(0);
  });
  test('begins where it was to begin when nothing had loaded', () => {
    const { video, engine } = attach(42);
    engine.resume();
    video.load(600, 600);
    expect(video.currentTime).toBe(42);
  });
});

describe('the browser’s own player, where it lets nobody go back', () => {
  test('counts how far it has fallen behind, and begins anew at live', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { video, engine } = attach();
      video.load(Number.POSITIVE_INFINITY, 0);
      expect(engine.secondsToLive).toBeNull();
      video.begin(2);
      vi.advanceTimersByTime(30_000);
      video.currentTime = 12;
      expect(engine.secondsToLive).toBe(20);
      engine.goLive();
      expect([video.currentTime, video.paused, engine.secondsToLive]).toEqual([0, false, null]);
    } finally {
      vi.useRealTimers();
    }
  });
  test('jumps to live where it can', () => {
    const { video, engine } = attach();
    video.load(Number.POSITIVE_INFINITY, 300);
    video.begin(100);
    engine.goLive();
    expect([video.currentTime, video.readyState]).toEqual([291, 1]);
  });
});

test('an address asks for the browser’s own player', () => {
  expect(['', '?engine=native', '?t=5&engine=native', '?engine=hls'].map(prefersNative)).toEqual([false, true, true, false]);
});

test('a place is kept while nothing is loaded', () => {
  const { video, engine } = attach();
  const place = new Place();
  video.load(600, 600);
  video.currentTime = 200;
  place.keep('replay', engine, video as unknown as HTMLVideoElement, false);
  engine.resume();
  place.keep('replay', engine, video as unknown as HTMLVideoElement, false);
  expect(place.begin('replay', null, () => undefined)).toBe(200);
});
