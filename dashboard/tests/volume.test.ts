import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { losesMutedState } from '../src/player/autoplayMute';
import { Volume } from '../src/player/volume';

/** Behaves as WebKitGTK: it does not autoplay with audio, and unmutes when audio starts. */
class WebKitGtkVideo extends EventTarget {
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

  /** Playback starts, or continues after a seek. */
  startPlaying() {
    this.dispatchEvent(new Event('playing'));
  }

  unmute() {
    this.muted = false;
    this.dispatchEvent(new Event('volumechange'));
  }

  pause() {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
}

function create(mutedByPage = false) {
  const video = new WebKitGtkVideo();
  return { video, volume: new Volume(video as unknown as HTMLVideoElement, mutedByPage) };
}

const webKitGtk = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const chromium = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15';
const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

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
  [
    'GNOME Web',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 Epiphany/605.1.15',
    true,
  ],
  ['WebKitGTK on FreeBSD', 'Mozilla/5.0 (X11; FreeBSD amd64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15', true],
  ['WPE', 'Mozilla/5.0 (Linux; aarch64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 WPE', true],
  ['Firefox', firefox, false],
  ['Chromium', chromium, false],
  ['Edge', `${chromium} Edg/140.0.0.0`, false],
  [
    'Chrome on Android',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    false,
  ],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', false],
  [
    'the built-in browser of an old Android',
    'Mozilla/5.0 (Linux; U; Android 4.0; en-us) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30',
    false,
  ],
  ['Safari, including an iPad that requests desktop sites', safari, false],
  ['an iPhone', iPhone, false],
  ['an iPad', iPhone.replaceAll('iPhone', 'iPad'), false],
  ['Chrome on an iPhone', iPhone.replace('Version/18.5', 'CriOS/140.0.0.0'), false],
  ['Firefox on an iPhone', iPhone.replace('Version/18.5', 'FxiOS/140.0'), false],
  [
    'a game console',
    'Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
    false,
  ],
])('losing the muted state: %s', (_, userAgent, expected) => expect(losesMutedState(userAgent)).toBe(expected));

test.each([
  ['Firefox', firefox],
  ['Chromium', chromium],
  ['Safari', safari],
  ['an iPhone', iPhone],
])('%s: unmuting and pausing at the start is kept', async (_, userAgent) => {
  inBrowser(userAgent);
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  vi.advanceTimersByTime(500);
  video.unmute();
  expect(video.muted).toBe(false);
  video.pause();
  vi.advanceTimersByTime(10_000);
  expect([video.muted, video.paused, video.plays]).toEqual([false, true, 1]);
});

test('unmuting and pausing after a user gesture is kept', async () => {
  const { video, volume } = create(true);
  await volume.play();
  video.startPlaying();
  vi.advanceTimersByTime(60_000);
  video.unmute();
  vi.advanceTimersByTime(500);
  inBrowser(webKitGtk, true);
  video.pause();
  expect([video.muted, video.paused]).toEqual([false, true]);
});

test('required muting is restored when the browser loses it', async () => {
  const { video, volume } = create();
  expect(await volume.play()).toBe(true);
  video.startPlaying();
  video.unmute();
  expect([video.muted, volume.mutedByBrowser]).toEqual([true, true]);
});

test('requested muting is restored with each stream', async () => {
  const { video, volume } = create(true);
  await volume.play();
  video.startPlaying();
  vi.advanceTimersByTime(60_000);
  video.dispatchEvent(new Event('emptied'));
  video.startPlaying();
  video.unmute();
  expect(video.muted).toBe(true);
});

test('playback resumes muted when the browser has unmuted and stopped it', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  vi.advanceTimersByTime(60_000);
  video.unmute();
  vi.advanceTimersByTime(500);
  video.pause();
  expect([video.muted, video.paused]).toEqual([true, false]);
});

test('playback resumes muted when it was stopped first', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.paused = true;
  video.unmute();
  expect([video.muted, video.paused]).toEqual([true, false]);
});

test('playback that does not advance is restarted', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.unmute();
  expect(video.plays).toBe(1);
  vi.advanceTimersByTime(1500);
  expect([video.plays, video.paused, video.muted]).toEqual([2, false, true]);
});

test('playback that stops advancing later is restarted', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.unmute();
  video.currentTime = 0.4;
  vi.advanceTimersByTime(2500);
  expect(video.plays).toBe(2);
});

test('playback paused for buffering is not restarted until it should advance', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.unmute();
  video.playbackRate = 0;
  vi.advanceTimersByTime(14_500);
  expect(video.plays).toBe(1);
  video.playbackRate = 1;
  vi.advanceTimersByTime(1000);
  expect(video.plays).toBe(2);
});

test('playback that advances is not restarted', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.unmute();
  video.currentTime = 0.4;
  vi.advanceTimersByTime(1500);
  expect(video.plays).toBe(1);
});

test('a pause by the viewer is kept', async () => {
  const { video, volume } = create();
  await volume.play();
  video.startPlaying();
  video.pause();
  video.unmute();
  expect([video.muted, video.paused]).toEqual([true, true]);
});

test('unmuting with the browser’s controls is kept', async () => {
  const { video, volume } = create(true);
  await volume.play();
  video.startPlaying();
  vi.advanceTimersByTime(60_000);
  video.unmute();
  vi.advanceTimersByTime(60_000);
  video.pause();
  expect([video.muted, video.paused]).toEqual([false, true]);
});

test('unmuting with the page’s controls is kept', async () => {
  const { video, volume } = create();
  await volume.play();
  volume.setMuted(false);
  video.dispatchEvent(new Event('volumechange'));
  expect([video.muted, volume.mutedByBrowser]).toEqual([false, false]);
});
