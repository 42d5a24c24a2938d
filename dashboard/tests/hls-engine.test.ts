import { describe, expect, test, vi } from 'vitest';
import { catchUp } from '../src/player/engine';
import { HlsEngine } from '../src/player/hlsEngine';

/** As much of hls.js as is set up, without a browser. */
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

function make(playbackRate: number) {
  const video = Object.assign(new EventTarget(), { playbackRate }) as HTMLVideoElement;
  const engine = new HlsEngine(video, '/live/main/index.m3u8', { onTrouble: () => undefined, onQualities: () => undefined, onClosed: () => undefined }, null);
  return { video, engine };
}

describe('on a line that is too slow', () => {
  test('what was being hastened goes on at the ordinary speed, and is not hastened again until the line is better', () => {
    const { video, engine } = make(catchUp);
    engine.ease(true);
    engine.followLive(true);
    expect([video.playbackRate, engine.hls.config.maxLiveSyncPlaybackRate]).toEqual([1, 1]);
    engine.ease(false);
    engine.followLive(true);
    expect(engine.hls.config.maxLiveSyncPlaybackRate).toBe(catchUp);
  });
  test.each([0, 0.5, 1, 1.25, 2])('a speed of %d, which the viewer or a wait chose, stays', (chosen) => {
    const { video, engine } = make(chosen);
    engine.ease(true);
    expect(video.playbackRate).toBe(chosen);
  });
});
