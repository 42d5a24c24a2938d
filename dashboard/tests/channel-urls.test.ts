import { describe, expect, test } from 'vitest';
import { channelUrls, embedOptions, recordingPlaylist } from '../src/player/channelUrls';

describe('the URLs of a channel', () => {
  test('from a watch page', () => {
    expect(channelUrls('/watch/main')).toEqual({
      channel: 'main',
      playlist: '/live/main/index.m3u8',
      status: '/live/main/status.json',
      poster: '/live/main/poster.jpg?optional',
      beacon: '/live/main/beacon',
      chat: { live: '/live/main', post: '/chat/main' },
      time: '/time',
      watchPage: '/watch/main',
      chatPage: '/watch/main/chat',
    });
  });
  test('an embed links to the watch page', () => expect(channelUrls('/embed/main')?.watchPage).toBe('/watch/main'));
  test('keep the token in front of the media, but not of the clock', () => {
    const urls = channelUrls('/t/abc.DEF-1/watch/main/');
    expect(urls?.playlist).toBe('/t/abc.DEF-1/live/main/index.m3u8');
    expect(urls?.status).toBe('/t/abc.DEF-1/live/main/status.json');
    expect(urls?.poster).toBe('/t/abc.DEF-1/live/main/poster.jpg?optional');
    expect(urls?.beacon).toBe('/t/abc.DEF-1/live/main/beacon');
    expect(urls?.chat).toEqual({ live: '/t/abc.DEF-1/live/main', post: '/t/abc.DEF-1/chat/main' });
    expect(urls?.watchPage).toBe('/t/abc.DEF-1/watch/main');
    expect(urls?.time).toBe('/time');
  });
  test('accept the token as a query parameter', () => {
    const urls = channelUrls('/watch/main', '?muted=1&token=1.abc.main.9.jane.-.SIG_-');
    expect(urls?.playlist).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/index.m3u8');
    expect(urls?.status).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/status.json');
    expect(urls?.poster).toBe('/t/1.abc.main.9.jane.-.SIG_-/live/main/poster.jpg?optional');
    expect(urls?.watchPage).toBe('/watch/main?token=1.abc.main.9.jane.-.SIG_-');
    expect(urls?.time).toBe('/time');
  });
  test('escape an invalid token', () => {
    expect(channelUrls('/tv/watch/main', '?token=a/../../b%3Fc')?.playlist).toBe('/tv/t/a%2F..%2F..%2Fb%3Fc/live/main/index.m3u8');
    expect(channelUrls('/t/old/embed/main', '?token=new')?.playlist).toBe('/t/new/live/main/index.m3u8');
    expect(channelUrls('/watch/main', '?token=')?.playlist).toBe('/live/main/index.m3u8');
  });
  test('may be below a proxy’s prefix', () => {
    expect(channelUrls('/tv/t/abc/embed/main')?.playlist).toBe('/tv/t/abc/live/main/index.m3u8');
    expect(channelUrls('/tv/t/abc/embed/main')?.time).toBe('/tv/time');
  });
  test('a channel may be named watch', () => expect(channelUrls('/watch/watch')?.channel).toBe('watch'));
  test('decode names for display and encode them for requests', () => {
    expect(channelUrls('/watch/caf%C3%A9%20live')).toMatchObject({ channel: 'café live', playlist: '/live/caf%C3%A9%20live/index.m3u8' });
  });
  test('keep an encoded slash in the name', () => expect(channelUrls('/watch/a%2Fb')?.playlist).toBe('/live/a%2Fb/index.m3u8'));
  test.each(['/', '/watch', '/watch/', '/dashboard', '/watch/a/b', '/watch/%E0%A4%A', '/watch/%2e%2e', '//elsewhere.example/watch/a'])(
    '%s names no channel',
    (path) => {
      expect(channelUrls(path)).toBeNull();
    },
  );
});

describe('the options of an embed', () => {
  test('default to audio and autoplay', () => expect(embedOptions('')).toEqual({ muted: false, autoplay: true }));
  test('muted, without autoplay', () => expect(embedOptions('?muted=1&autoplay=0')).toEqual({ muted: true, autoplay: false }));
  test('a name without a value means yes', () => expect(embedOptions('?muted')).toEqual({ muted: true, autoplay: true }));
  test('not counted as a viewer', () =>
    expect(embedOptions('?muted=1&counted=0')).toEqual({ muted: true, autoplay: true, counted: false }));
  test('false and 0 mean no', () => expect(embedOptions('?muted=false&autoplay=0')).toEqual({ muted: false, autoplay: false }));
});

test('the recording of a session uses the channel’s token', () => {
  expect(recordingPlaylist('/live/main/index.m3u8', 'A')).toBe('/vod/A/index.m3u8');
  expect(recordingPlaylist('/t/abc/live/main/index.m3u8', 'A/B')).toBe('/t/abc/vod/A%2FB/index.m3u8');
});
