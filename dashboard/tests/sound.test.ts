import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forgetsSilence } from '../src/player/silence';
import { Sound } from '../src/player/sound';

/** As WebKitGTK is: it does not play aloud unasked, and forgets that it is to be silent when its sound begins. */
class ForgetfulVideo extends EventTarget {
  volume = 1;
  muted = false;
  readyState = 4;
  paused = true;
  seeking = false;
  currentTime = 0;
  playbackRate = 1;
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

const webKitGtk = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const chromium = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15';
const iPhone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

function inBrowser(userAgent: string, isActive = false): void {
  vi.stubGlobal('navigator', { userAgent, userActivation: { isActive } });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  inBrowser(webKitGtk);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  ['WebKitGTK', webKitGtk, true],
  ['GNOME Web', 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 Epiphany/605.1.15', true],
  ['WebKitGTK on FreeBSD', 'Mozilla/5.0 (X11; FreeBSD amd64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15', true],
  ['WPE', 'Mozilla/5.0 (Linux; aarch64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 WPE', true],
  ['Firefox', firefox, false],
  ['Chromium', chromium, false],
  ['Edge', `${chromium} Edg/140.0.0.0`, false],
  ['Chrome on Android', 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36', false],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', false],
  ['an old Android’s own', 'Mozilla/5.0 (Linux; U; Android 4.0; en-us) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30', false],
  ['Safari, also on an iPad that asks for desktop pages', safari, false],
  ['an iPhone', iPhone, false],
  ['an iPad', iPhone.replaceAll('iPhone', 'iPad'), false],
  ['Chrome on an iPhone', iPhone.replace('Version/18.5', 'CriOS/140.0.0.0'), false],
  ['Firefox on an iPhone', iPhone.replace('Version/18.5', 'FxiOS/140.0'), false],
  ['a console', 'Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15', false],
])('whether it forgets what is to be silent: %s', (_, userAgent, forgets) => expect(forgetsSilence(userAgent)).toBe(forgets));

test.each([['Firefox', firefox], ['Chromium', chromium], ['Safari', safari], ['an iPhone', iPhone]])('in %s who makes it loud as it begins has their way, also when they stop it', async (_, userAgent) => {
  inBrowser(userAgent);
  const { video, sound } = make();
  await sound.play();
  video.picture();
  vi.advanceTimersByTime(500);
  video.unmuteItself();
  expect(video.muted).toBe(false);
  video.pause();
  vi.advanceTimersByTime(10_000);
  expect([video.muted, video.paused, video.plays]).toEqual([false, true, 1]);
});

test('who makes it loud and stops it at once has their way where they have just touched the page', async () => {
  const { video, sound } = make(true);
  await sound.play();
  video.picture();
  vi.advanceTimersByTime(60_000);
  video.unmuteItself();
  vi.advanceTimersByTime(500);
  inBrowser(webKitGtk, true);
  video.pause();
  expect([video.muted, video.paused]).toEqual([false, true]);
});

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

test('one that stands still on purpose is left alone, and looked at again when it may move', async () => {
  const { video, sound } = make();
  await sound.play();
  video.picture();
  video.unmuteItself();
  video.playbackRate = 0;
  vi.advanceTimersByTime(14_500);
  expect(video.plays).toBe(1);
  video.playbackRate = 1;
  vi.advanceTimersByTime(1000);
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
