import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sound } from '../src/player/sound';

/** As WebKitGTK is: it does not play aloud unasked, and forgets that it is to be silent when its sound begins. */
class ForgetfulVideo extends EventTarget {
  volume = 1;
  muted = false;
  readyState = 4;
  paused = true;
  seeking = false;
  currentTime = 0;
  plays = 0;

  play() {
    if (!this.muted) return Promise.reject(new DOMException('not asked', 'NotAllowedError'));
    this.paused = false;
    this.plays++;
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

  pause() {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
}

function make(mutedByPage = false) {
  const video = new ForgetfulVideo();
  return { video, sound: new Sound(video as unknown as HTMLVideoElement, mutedByPage) };
}

beforeEach(() => { vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }); });
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
  video.pause();
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

test('a picture that stands still after that is played once more', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.unmuteItself();
  expect(video.plays).toBe(1);
  vi.advanceTimersByTime(1500);
  expect([video.plays, video.paused, video.muted]).toEqual([2, false, true]);
});

test('so is one that stands still a little later', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.unmuteItself();
  video.currentTime = 0.4;
  vi.advanceTimersByTime(2500);
  expect(video.plays).toBe(2);
});

test('one that moves is left alone', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.unmuteItself();
  video.currentTime = 0.4;
  vi.advanceTimersByTime(1500);
  expect(video.plays).toBe(1);
});

test('what a person stopped stays stopped', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.pause();
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
  video.pause();
  expect([video.muted, video.paused]).toEqual([false, true]);
});

test('so does one who uses ours', async () => {
  const { video, sound } = make();
  await sound.play();
  sound.setMuted(false);
  video.dispatchEvent(new Event('volumechange'));
  expect([video.muted, sound.mutedByBrowser]).toEqual([false, false]);
});
