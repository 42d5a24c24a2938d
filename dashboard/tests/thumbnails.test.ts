import { describe, expect, test } from 'vitest';
import { imagePlaylistOf, onWallClock, resolve, tileAt, tilesOfCues, tilesOfImagePlaylist } from '../src/player/thumbnails';

const noon = Date.UTC(2026, 2, 1, 12) / 1000;
const address = 'https://live.example.org/t/a-token/live/main/01AB/thumbnails.m3u8';
const sheet = (number: number, before = '') => [
  ...(before === '' ? [] : [before]),
  `#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:${(number * 20).toString().padStart(2, '0')}.000Z`,
  '#EXTINF:20.000,',
  '#EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x2,DURATION=2.000',
  `thumbnails/${number * 20_000}.jpg`,
];
const images = (...lines: string[]) => ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:20', '#EXT-X-IMAGES-ONLY', ...lines, ''].join('\n');

test('the image playlist is where the multivariant playlist says, with the token before it', () => {
  const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n01AB/source.m3u8\n#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=9,RESOLUTION=320x180,CODECS="jpeg",URI="01AB/thumbnails.m3u8"\n';
  expect(imagePlaylistOf(text, 'https://live.example.org/t/a-token/live/main/index.m3u8')).toBe(address);
  expect(imagePlaylistOf('#EXTM3U\n', address)).toBeNull();
});

describe('an image playlist', () => {
  const tiles = tilesOfImagePlaylist(images(...sheet(0), ...sheet(1)), address);

  test('has a tile for each part of each sheet', () => {
    expect(tiles).toHaveLength(20);
    expect(tiles[0]).toEqual({ start: noon, end: noon + 2, url: 'https://live.example.org/t/a-token/live/main/01AB/thumbnails/0.jpg', x: 0, y: 0, width: 320, height: 180 });
    expect(tiles[17]).toMatchObject({ start: noon + 34, x: 640, y: 180 });
  });
  test('shows the tile of a time, and none of a time it does not have', () => {
    expect(tileAt(tiles, noon + 5)).toMatchObject({ start: noon + 4 });
    expect(tileAt(tiles, noon - 1)).toBeNull();
    expect(tileAt(tiles, noon + 50)).toBeNull();
  });
  test('shows nothing of a gap', () => {
    const holed = tilesOfImagePlaylist(images(...sheet(0), ...sheet(1, '#EXT-X-GAP'), ...sheet(2)), address);
    expect(holed).toHaveLength(20);
    expect(tileAt(holed, noon + 30)).toBeNull();
    expect(tileAt(holed, noon + 41)).not.toBeNull();
  });
  test.each(['', 'not a playlist', '#EXTM3U\n#EXTINF:2,\nx.jpg\n', images('#EXT-X-PROGRAM-DATE-TIME:never', '#EXT-X-TILES:RESOLUTION=320x180,LAYOUT=5x2,DURATION=2', 'x.jpg'),
    images('#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00Z', '#EXT-X-TILES:RESOLUTION=0x180,LAYOUT=5x2,DURATION=2', 'x.jpg')])('that cannot be read has none', (text) => {
    expect(tilesOfImagePlaylist(text, address)).toEqual([]);
  });
});

describe('a file of cues', () => {
  const vtt = 'https://live.example.org/vod/01AB/thumbnails.vtt';
  const text = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n../../live/main/01AB/thumbnails/0.jpg#xywh=0,0,320,180\n\n00:00:01.500 --> 00:00:03.500\n../../live/main/01AB/thumbnails/0.jpg#xywh=320,0,320,180\n\n'
    + '101:00:00.000 --> 101:00:02.000\n../../live/main/01AB/thumbnails/9.jpg#xywh=0,180,320,180\n';

  test('has a tile for each cue, also after days', () => {
    const tiles = tilesOfCues(text, vtt);
    expect(tiles).toHaveLength(3);
    expect(tiles[1]).toEqual({ start: 1.5, end: 3.5, url: 'https://live.example.org/live/main/01AB/thumbnails/0.jpg', x: 320, y: 0, width: 320, height: 180 });
    expect(tiles[2]).toMatchObject({ start: 363_600, y: 180 });
  });
  test('leaves out what is no picture', () => expect(tilesOfCues('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello\n\n00:00:01.000 --> 00:00:02.000\njavascript:x#xywh=0,0,1,1\n', vtt)).toEqual([]));
  test('comes to the wall clock by what the live list has as well', () => {
    const live = tilesOfImagePlaylist(images(...sheet(0)), 'https://live.example.org/live/main/01AB/thumbnails.m3u8');
    // The recording begins half a second into the session.
    const older = onWallClock(tilesOfCues(text, vtt), live);
    expect(older[1]?.start).toBe(noon + 2);
    expect(older[2]?.start).toBe(noon + 363_600.5);
    expect(onWallClock(tilesOfCues(text, vtt), [])).toEqual([]);
  });
});

test.each([['x.jpg', 'https://a.example/v/x.jpg'], ['data:image/png,x', null], ['javascript:alert(1)', null], ['http://', null]])('%s beside a playlist', (said, address) => {
  expect(resolve(said, 'https://a.example/v/i.m3u8')).toBe(address);
});
