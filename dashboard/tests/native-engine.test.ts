import { describe, expect, test, vi } from 'vitest';
import type { InitialPosition } from '../src/player/engine';
import { prefersNative } from '../src/player/findEngine';
import { NativeEngine } from '../src/player/nativeEngine';
import { StartPosition } from '../src/player/startPosition';

const firstFrameTime = Date.UTC(2030, 0, 1, 12);

/** The parts of a video element that the engine uses. As in browsers, a new `src` stops it and resets the position. */
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

  startAt(position: number) {
    this.currentTime = position;
    this.paused = false;
    this.dispatchEvent(new Event('playing'));
  }

  load(duration: number, end: number, startDate = Number.NaN) {
    Object.assign(this, { readyState: 1, duration, end, startDate });
    this.dispatchEvent(new Event('loadedmetadata'));
  }
}

function create(initialPosition: InitialPosition = null) {
  const video = new FakeVideo();
  const ignore = () => undefined;
  return {
    video,
    engine: new NativeEngine(
      video as unknown as HTMLVideoElement,
      '/index.m3u8',
      { onError: ignore, onQualities: ignore, onEnded: ignore },
      initialPosition,
    ),
  };
}

describe('reloading the native player', () => {
  test('restores the position of a recording', () => {
    const { video, engine } = create(10);
    video.load(600, 600);
    expect(video.currentTime).toBe(10);
    video.currentTime = 200;
    void video.play();
    engine.resume();
    expect(video.currentTime).toBe(0);
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, false]);
  });
  test('restores it after repeated failures', () => {
    const { video, engine } = create();
    video.load(600, 600);
    video.currentTime = 200;
    void video.play();
    engine.resume();
    engine.resume();
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, false]);
  });
  test('keeps a pause', () => {
    const { video, engine } = create();
    video.load(600, 600);
    video.currentTime = 200;
    engine.recoverMedia();
    video.load(600, 600);
    expect([video.currentTime, video.paused]).toEqual([200, true]);
  });
  test('restores a position behind live by wall-clock time', () => {
    const { video, engine } = create();
    video.load(Number.POSITIVE_INFINITY, 300, firstFrameTime);
    video.currentTime = 100;
    engine.resume();
    video.load(Number.POSITIVE_INFINITY, 300, firstFrameTime + 30_000);
    expect(video.currentTime).toBe(70);
  });
  test('leaves a position at live to the browser', () => {
    const { video, engine } = create();
    video.load(Number.POSITIVE_INFINITY, 300, firstFrameTime);
    video.currentTime = 290;
    engine.resume();
    video.load(Number.POSITIVE_INFINITY, 300, firstFrameTime + 30_000);
    expect(video.currentTime).toBe(0);
  });
  test('uses the initial position if nothing had loaded', () => {
    const { video, engine } = create(42);
    engine.resume();
    video.load(600, 600);
    expect(video.currentTime).toBe(42);
  });
});

describe('the native player without a seekable range', () => {
  test('estimates its offset from live, and restarts to go live', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { video, engine } = create();
      video.load(Number.POSITIVE_INFINITY, 0);
      expect(engine.secondsToLive).toBeNull();
      video.startAt(2);
      vi.advanceTimersByTime(30_000);
      video.currentTime = 12;
      expect(engine.secondsToLive).toBe(20);
      engine.goLive();
      expect([video.currentTime, video.paused, engine.secondsToLive]).toEqual([0, false, null]);
    } finally {
      vi.useRealTimers();
    }
  });
  test('seeks to live if possible', () => {
    const { video, engine } = create();
    video.load(Number.POSITIVE_INFINITY, 300);
    video.startAt(100);
    engine.goLive();
    expect([video.currentTime, video.readyState]).toEqual([291, 1]);
  });
});

test('a query parameter selects the native player', () => {
  expect(['', '?engine=native', '?t=5&engine=native', '?engine=hls'].map(prefersNative)).toEqual([false, true, true, false]);
});

test('the saved position is kept while nothing is loaded', () => {
  const { video, engine } = create();
  const startPosition = new StartPosition();
  video.load(600, 600);
  video.currentTime = 200;
  startPosition.save('replay', engine, video as unknown as HTMLVideoElement, false);
  engine.resume();
  startPosition.save('replay', engine, video as unknown as HTMLVideoElement, false);
  expect(startPosition.resolve('replay', null, () => undefined)).toBe(200);
});
