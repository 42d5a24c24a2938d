import { describe, expect, test } from 'vitest';
import { imagePlaylistOf, alignToWallClock, resolve, tileAt, tilesOfCues, tilesOfImagePlaylist } from '../src/player/thumbnails';

const noon = Date.UTC(2026, 2, 1, 12) / 1000;
const url = 'https://live.example.org/t/a-token/live/main/01AB/thumbnails.m3u8';
const spriteEntry = (number: number, before = '') => [
  ...(before === '' ? [] : [before]),
  `#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:${(number * 20).toString().padStart(2, '0')}.000Z`,
  '#EXTINF:20.000,',
  '#EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x2,DURATION=2.000',
  `thumbnails/${number * 20_000}.jpg`,
];
const imagePlaylist = (...lines: string[]) =>
  ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:20', '#EXT-X-IMAGES-ONLY', ...lines, ''].join('\n');

test('the image playlist is found in the multivariant playlist, with the token', () => {
  const text =
    '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n01AB/source.m3u8\n' +
    '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=9,RESOLUTION=320x180,CODECS="jpeg",URI="01AB/thumbnails.m3u8"\n';
  expect(imagePlaylistOf(text, 'https://live.example.org/t/a-token/live/main/index.m3u8')).toBe(url);
  expect(imagePlaylistOf('#EXTM3U\n', url)).toBeNull();
});

describe('an image playlist', () => {
  const tiles = tilesOfImagePlaylist(imagePlaylist(...spriteEntry(0), ...spriteEntry(1)), url);

  test('has a tile for each part of a sprite sheet', () => {
    expect(tiles).toHaveLength(20);
    expect(tiles[0]).toEqual({
      start: noon,
      end: noon + 2,
      url: 'https://live.example.org/t/a-token/live/main/01AB/thumbnails/0.jpg',
      x: 0,
      y: 0,
      width: 320,
      height: 180,
    });
    expect(tiles[17]).toMatchObject({ start: noon + 34, x: 640, y: 180 });
  });
  test('has the tile of a time, and none outside', () => {
    expect(tileAt(tiles, noon + 5)).toMatchObject({ start: noon + 4 });
    expect(tileAt(tiles, noon - 1)).toBeNull();
    expect(tileAt(tiles, noon + 50)).toBeNull();
  });
  test('has no tiles for gaps', () => {
    const withGap = tilesOfImagePlaylist(imagePlaylist(...spriteEntry(0), ...spriteEntry(1, '#EXT-X-GAP'), ...spriteEntry(2)), url);
    expect(withGap).toHaveLength(20);
    expect(tileAt(withGap, noon + 30)).toBeNull();
    expect(tileAt(withGap, noon + 41)).not.toBeNull();
  });
  test.each([
    '',
    'not a playlist',
    '#EXTM3U\n#EXTINF:2,\nx.jpg\n',
    imagePlaylist('#EXT-X-PROGRAM-DATE-TIME:never', '#EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x2,DURATION=2', 'x.jpg'),
    imagePlaylist('#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00Z', '#EXT-X-TILES:RESOLUTION=0x180,LAYOUT=5x2,DURATION=2', 'x.jpg'),
  ])('that is invalid has no tiles', (text) => {
    expect(tilesOfImagePlaylist(text, url)).toEqual([]);
  });
});

describe('a thumbnail WebVTT file', () => {
  const vtt = 'https://live.example.org/vod/01AB/thumbnails.vtt';
  const text =
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n../../live/main/01AB/thumbnails/0.jpg#xywh=0,0,320,180\n\n' +
    '00:00:01.500 --> 00:00:03.500\n../../live/main/01AB/thumbnails/0.jpg#xywh=320,0,320,180\n\n' +
    '101:00:00.000 --> 101:00:02.000\n../../live/main/01AB/thumbnails/9.jpg#xywh=0,180,320,180\n';

  test('has a tile for each cue, also after days', () => {
    const tiles = tilesOfCues(text, vtt);
    expect(tiles).toHaveLength(3);
    expect(tiles[1]).toEqual({
      start: 1.5,
      end: 3.5,
      url: 'https://live.example.org/live/main/01AB/thumbnails/0.jpg',
      x: 320,
      y: 0,
      width: 320,
      height: 180,
    });
    expect(tiles[2]).toMatchObject({ start: 363_600, y: 180 });
  });
  test('ignores cues without an image', () =>
    expect(
      tilesOfCues('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello\n\n00:00:01.000 --> 00:00:02.000\njavascript:x#xywh=0,0,1,1\n', vtt),
    ).toEqual([]));
  test('is aligned to wall-clock time by a common tile', () => {
    const live = tilesOfImagePlaylist(imagePlaylist(...spriteEntry(0)), 'https://live.example.org/live/main/01AB/thumbnails.m3u8');
    // The recording begins half a second into the session.
    const aligned = alignToWallClock(tilesOfCues(text, vtt), live);
    expect(aligned[1]?.start).toBe(noon + 2);
    expect(aligned[2]?.start).toBe(noon + 363_600.5);
    expect(alignToWallClock(tilesOfCues(text, vtt), [])).toEqual([]);
  });
});

test.each([
  ['x.jpg', 'https://a.example/v/x.jpg'],
  ['data:image/png,x', null],
  ['javascript:alert(1)', null],
  ['http://', null],
])('%s relative to a playlist', (value, url) => {
  expect(resolve(value, 'https://a.example/v/i.m3u8')).toBe(url);
});
