import { describe, expect, test, vi } from 'vitest';
import { catchUpRate } from '../src/player/engine';
import { HlsEngine } from '../src/player/hlsEngine';

/** The parts of hls.js that are used without a browser. */
vi.mock('hls.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('hls.js')>();
  class Hls {
    static readonly DefaultConfig = original.default.DefaultConfig;
    readonly config: Record<string, unknown>;
    constructor(config: Record<string, unknown>) {
      this.config = { ...config };
    }
    on(): void {}
    attachMedia(): void {}
    loadSource(): void {}
  }
  return { ...original, default: Hls };
});

vi.stubGlobal('navigator', {});

function create(playbackRate: number) {
  const video = Object.assign(new EventTarget(), { playbackRate }) as HTMLVideoElement;
  const engine = new HlsEngine(
    video,
    '/live/main/index.m3u8',
    { onError: () => undefined, onQualities: () => undefined, onEnded: () => undefined },
    null,
  );
  return { video, engine };
}

describe('on a slow connection', () => {
  test('catching up stops until the connection recovers', () => {
    const { video, engine } = create(catchUpRate);
    engine.setSlowConnection(true);
    engine.followLive(true);
    expect([video.playbackRate, engine.hls.config.maxLiveSyncPlaybackRate]).toEqual([1, 1]);
    engine.setSlowConnection(false);
    engine.followLive(true);
    expect(engine.hls.config.maxLiveSyncPlaybackRate).toBe(catchUpRate);
  });
  test.each([0, 0.5, 1, 1.25, 2])('a playback rate of %d, set by the viewer or while buffering, stays', (rate) => {
    const { video, engine } = create(rate);
    engine.setSlowConnection(true);
    expect(video.playbackRate).toBe(rate);
  });
});
