import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sound } from '../src/player/sound';

/** As WebKitGTK is: it does not play aloud unasked, and forgets that it is to be silent when its sound begins. */
class ForgetfulVideo extends EventTarget {
  volume = 1;
  muted = false;
  readyState = 4;
  paused = true;

  play() {
    if (!this.muted) return Promise.reject(new DOMException('not asked', 'NotAllowedError'));
    this.paused = false;
    this.dispatchEvent(new Event('play'));
    return Promise.resolve();
  }

  /** Playback, as it begins and after each jump. */
  picture() {
    this.dispatchEvent(new Event('playing'));
  }

  unmuteItself() {
    this.muted = false;
    this.dispatchEvent(new Event('volumechange'));
  }

  stop() {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
}

function make(mutedByPage = false) {
  const video = new ForgetfulVideo();
  return { video, sound: new Sound(video as unknown as HTMLVideoElement, mutedByPage) };
}

beforeEach(() => { vi.useFakeTimers({ toFake: ['performance'] }); });
afterEach(() => { vi.useRealTimers(); });

test('what has to be silent to play stays so when the browser forgets it', async () => {
  const { video, sound } = make();
  expect(await sound.play()).toBe(true);
  video.picture();
  video.unmuteItself();
  expect([video.muted, sound.mutedByBrowser]).toEqual([true, true]);
});

test('so does what the page wants silent, with every stream anew', async () => {
  const { video, sound } = make(true);
  await sound.play();
  video.picture();
  vi.advanceTimersByTime(60_000);
  video.dispatchEvent(new Event('emptied'));
  video.picture();
  video.unmuteItself();
  expect(video.muted).toBe(true);
});

test('what the browser made loud and stopped goes on in silence', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  vi.advanceTimersByTime(60_000);
  video.unmuteItself();
  vi.advanceTimersByTime(500);
  video.stop();
  expect([video.muted, video.paused]).toEqual([true, false]);
});

test('so does what was stopped first', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.paused = true;
  video.unmuteItself();
  expect([video.muted, video.paused]).toEqual([true, false]);
});

test('what a person stopped stays stopped', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.stop();
  video.unmuteItself();
  expect([video.muted, video.paused]).toEqual([true, true]);
});

test('a person who makes it loud by the browser’s own means has their way', async () => {
  const { video, sound } = make(true);
  await sound.play();
  video.picture();
  vi.advanceTimersByTime(60_000);
  video.unmuteItself();
  vi.advanceTimersByTime(60_000);
  video.stop();
  expect([video.muted, video.paused]).toEqual([false, true]);
});

test('so does one who uses ours', async () => {
  const { video, sound } = make();
  await sound.play();
  sound.setMuted(false);
  video.dispatchEvent(new Event('volumechange'));
  expect([video.muted, sound.mutedByBrowser]).toEqual([false, false]);
});
