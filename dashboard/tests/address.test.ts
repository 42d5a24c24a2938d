import { describe, expect, test } from 'vitest';
import { channelAddress, embedOptions, recordingPlaylist } from '../src/player/address';

describe('the channel in the address', () => {
  test('a watch page', () => {
    expect(channelAddress('/watch/main')).toEqual({
      channel: 'main',
      playlist: '/live/main/index.m3u8',
      status: '/live/main/status.json',
      poster: '/live/main/poster.jpg',
      beacon: '/live/main/beacon',
      time: '/time',
      watchPage: '/watch/main',
    });
  });
  test('an embed links to the watch page', () => expect(channelAddress('/embed/main')?.watchPage).toBe('/watch/main'));
  test('a token stays in front of what it opens, and not in front of the clock', () => {
    const address = channelAddress('/t/abc.DEF-1/watch/main/');
    expect(address?.playlist).toBe('/t/abc.DEF-1/live/main/index.m3u8');
    expect(address?.status).toBe('/t/abc.DEF-1/live/main/status.json');
    expect(address?.poster).toBe('/t/abc.DEF-1/live/main/poster.jpg');
    expect(address?.beacon).toBe('/t/abc.DEF-1/live/main/beacon');
    expect(address?.watchPage).toBe('/t/abc.DEF-1/watch/main');
    expect(address?.time).toBe('/time');
  });
  test('a token may come as a question, and stands in front of what it opens all the same', () => {
    const address = channelAddress('/watch/main', '?muted=1&token=1.abc.main.9.jane.-.SIG_-');
    expect(address?.playlist).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/index.m3u8');
    expect(address?.status).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/status.json');
    expect(address?.poster).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/poster.jpg');
    expect(address?.watchPage).toBe('/watch/main?token=1.abc.main.9.jane.-.SIG_-');
    expect(address?.time).toBe('/time');
  });
  test('what is no token cannot leave its place in the path', () => {
    expect(channelAddress('/tv/watch/main', '?token=a/../../b%3Fc')?.playlist).toBe('/tv/t/a%2F..%2F..%2Fb%3Fc/live/main/index.m3u8');
    expect(channelAddress('/t/old/embed/main', '?token=new')?.playlist).toBe('/t/new/live/main/index.m3u8');
    expect(channelAddress('/watch/main', '?token=')?.playlist).toBe('/live/main/index.m3u8');
  });
  test('a proxy may put everything into a folder', () => {
    expect(channelAddress('/tv/t/abc/embed/main')?.playlist).toBe('/tv/t/abc/live/main/index.m3u8');
    expect(channelAddress('/tv/t/abc/embed/main')?.time).toBe('/tv/time');
  });
  test('a channel called watch', () => expect(channelAddress('/watch/watch')?.channel).toBe('watch'));
  test('names are decoded to show and encoded to ask', () => {
    expect(channelAddress('/watch/caf%C3%A9%20live')).toMatchObject({ channel: 'café live', playlist: '/live/caf%C3%A9%20live/index.m3u8' });
  });
  test('an encoded slash stays one name', () => expect(channelAddress('/watch/a%2Fb')?.playlist).toBe('/live/a%2Fb/index.m3u8'));
  test.each(['/', '/watch', '/watch/', '/dashboard', '/watch/a/b', '/watch/%E0%A4%A', '/watch/%2e%2e', '//elsewhere.example/watch/a'])('%s names none', (path) => {
    expect(channelAddress(path)).toBeNull();
  });
});

describe('what an embed asks for', () => {
  test('nothing: with sound, by itself', () => expect(embedOptions('')).toEqual({ muted: false, autoplay: true }));
  test('muted and only on request', () => expect(embedOptions('?muted=1&autoplay=0')).toEqual({ muted: true, autoplay: false }));
  test('a bare name means yes', () => expect(embedOptions('?muted')).toEqual({ muted: true, autoplay: true }));
  test('not to be counted', () => expect(embedOptions('?muted=1&counted=0')).toEqual({ muted: true, autoplay: true, counted: false }));
  test('false and 0 mean no', () => expect(embedOptions('?muted=false&autoplay=0')).toEqual({ muted: false, autoplay: false }));
});

test('the recording of a session lies behind the same token as the channel', () => {
  expect(recordingPlaylist('/live/main/index.m3u8', 'A')).toBe('/vod/A/index.m3u8');
  expect(recordingPlaylist('/t/abc/live/main/index.m3u8', 'A/B')).toBe('/t/abc/vod/A%2FB/index.m3u8');
});
