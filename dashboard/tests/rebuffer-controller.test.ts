import { describe, expect, test } from 'vitest';
import { type Engine, type Quality, catchUpRate } from '../src/player/engine';
import { RebufferController } from '../src/player/rebufferController';

/** The parts of a video element that are used. */
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

const source: Quality = { id: 0, width: 1280, height: 720, frameRate: 30, bitrate: 2_800_000 };
const low: Quality = { ...source, id: 1, height: 360, bitrate: 900_000 };

function createEngine(overrides: Partial<Engine> = {}) {
  const slowCalls: boolean[] = [];
  const engine = {
    qualities: [source],
    chosenQuality: -1,
    currentQuality: 0,
    bandwidth: 1_400_000,
    secondsToLive: 0,
    isEnded: false,
    timeline: { window: { start: 0, end: 100 } },
    setSlowConnection: (slow: boolean) => slowCalls.push(slow),
    ...overrides,
  } as unknown as Engine;
  return { engine, slowCalls };
}

describe('playback on a slow connection', () => {
  const createVideo = () => new Video() as Video & HTMLVideoElement;

  test('waits for buffering with a notice, and continues', () => {
    const video = createVideo();
    const { engine, slowCalls: slowCalls } = createEngine();
    const controller = new RebufferController(video);
    let now = performance.now();
    expect(controller.observe(engine, now)).toBe(false);
    video.runDry();
    now = performance.now();
    expect(controller.observe(engine, now)).toBe(true);
    expect([controller.isHolding, controller.notice, video.playbackRate, slowCalls]).toEqual([true, 'only', 0, [true]]);
    video.ahead = 5;
    video.readyState = 4;
    expect(controller.observe(engine, now + 1000)).toBe(false);
    expect(controller.isHolding).toBe(true);
    video.ahead = 6;
    controller.observe(engine, now + 2000);
    expect([controller.isHolding, controller.notice, video.playbackRate]).toEqual([false, null, 1]);
  });

  test('stops waiting if no data arrives', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    const now = performance.now();
    controller.observe(engine, now);
    controller.observe(engine, now + 8500);
    expect([controller.isHolding, video.playbackRate]).toEqual([false, 1]);
    // It waits again only after another stall.
    controller.observe(engine, now + 9000);
    expect(controller.isHolding).toBe(false);
    video.runDry();
    controller.observe(engine, performance.now());
    expect(controller.isHolding).toBe(true);
  });

  test('does not wait while paused by the viewer', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    video.paused = true;
    controller.observe(engine, performance.now());
    expect([controller.isHolding, video.playbackRate]).toEqual([false, 1]);
  });

  test('suggests a lower quality if one was selected manually', () => {
    const video = createVideo();
    const { engine } = createEngine({ qualities: [source, low], chosenQuality: 0 });
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    controller.observe(engine, performance.now());
    expect(controller.notice).toBe('chosen');
  });

  test('does not wait if the player switches to a lower quality', () => {
    const video = createVideo();
    const { engine } = createEngine({ qualities: [source, low] });
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    expect(controller.observe(engine, performance.now())).toBe(false);
    expect(video.playbackRate).toBe(1);
  });

  test('does not wait after a seek', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.seeking = true;
    video.runDry();
    expect(controller.observe(engine, performance.now())).toBe(false);
  });

  test('keeps the viewer’s playback rate', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.playbackRate = 0.5;
    video.runDry();
    controller.observe(engine, performance.now());
    expect([controller.isHolding, video.playbackRate]).toEqual([false, 0.5]);
  });

  test('waits while catching up with live', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.playbackRate = catchUpRate;
    video.runDry();
    controller.observe(engine, performance.now());
    expect([controller.isHolding, video.playbackRate]).toEqual([true, 0]);
  });

  test('does not wait in an ended stream', () => {
    const video = createVideo();
    const { engine } = createEngine({ isEnded: true });
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    controller.observe(engine, performance.now());
    expect([controller.isHolding, controller.notice, video.playbackRate]).toEqual([false, null, 1]);
  });

  test('continues with another stream', () => {
    const video = createVideo();
    const { engine } = createEngine();
    const controller = new RebufferController(video);
    controller.observe(engine, performance.now());
    video.runDry();
    controller.observe(engine, performance.now());
    controller.observe(null, performance.now());
    expect([controller.isHolding, controller.notice, video.playbackRate]).toEqual([false, null, 1]);
  });
});
