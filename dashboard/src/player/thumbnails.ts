/** A thumbnail: a part of a sprite sheet. */
export interface Tile {
  /** Seconds: since 1970 in a live stream, since the start in a recording. */
  start: number;
  end: number;
  /** URL of the sprite sheet. */
  url: string;
  /** Position in the sprite sheet, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Several days with a tile every two seconds. Further tiles are ignored. */
const maxTiles = 200_000;

/** URL of the image playlist in a multivariant playlist (`EXT-X-IMAGE-STREAM-INF`), null if there is none. */
export function imagePlaylistOf(multivariant: string, baseUrl: string): string | null {
  const value = /^#EXT-X-IMAGE-STREAM-INF:.*\bURI="([^"]{1,2000})"/m.exec(multivariant)?.[1];
  return value === undefined ? null : resolve(value, baseUrl);
}

/** The tiles of an image playlist ("Image Media Playlist", version 0.4), by wall-clock time. Gaps have none. */
export function tilesOfImagePlaylist(text: string, baseUrl: string): Tile[] {
  const tiles: Tile[] = [];
  let start = Number.NaN;
  let duration = 0;
  let layout: RegExpExecArray | null = null;
  let gap = false;
  for (const line of text.split('\n')) {
    if (tiles.length >= maxTiles) break;
    if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) start = Date.parse(line.slice(25)) / 1000;
    else if (line.startsWith('#EXTINF:')) duration = Number.parseFloat(line.slice(8));
    else if (line.startsWith('#EXT-X-TILES:'))
      layout = /RESOLUTION=(\d{1,4})x(\d{1,4}),LAYOUT=(\d{1,2})x(\d{1,2}),DURATION=([\d.]{1,12})/.exec(line);
    else if (line.startsWith('#EXT-X-GAP')) gap = true;
    else if (line !== '' && !line.startsWith('#')) {
      const url = resolve(line, baseUrl);
      if (!gap && layout !== null && url !== null && !Number.isNaN(start)) tiles.push(...tilesOf(layout, start, url));
      // The next segment follows directly, unless it has its own time.
      start += duration;
      gap = false;
    }
  }
  return tiles;
}

function tilesOf(layout: RegExpExecArray, start: number, url: string): Tile[] {
  const [width = 0, height = 0, columns = 0, rows = 0, length = 0] = layout.slice(1).map(Number);
  if (!(width > 0 && height > 0 && length > 0)) return [];
  return Array.from({ length: columns * rows }, (_, at) => ({
    start: start + at * length,
    end: start + (at + 1) * length,
    url,
    x: (at % columns) * width,
    y: Math.floor(at / columns) * height,
    width,
    height,
  }));
}

const cueTime = /^(?:(\d{2,4}):)?(\d{2}):(\d{2}\.\d{3}) --> (?:(\d{2,4}):)?(\d{2}):(\d{2}\.\d{3})/;
const mediaFragment = /^(.{1,2000})#xywh=(\d{1,5}),(\d{1,5}),(\d{1,4}),(\d{1,4})$/;

/** The tiles of a WebVTT thumbnail file: each cue names a part of a sprite sheet (`#xywh=`). */
export function tilesOfCues(text: string, baseUrl: string): Tile[] {
  const tiles: Tile[] = [];
  let times: RegExpExecArray | null = null;
  for (const line of text.split('\n')) {
    if (tiles.length >= maxTiles) break;
    const found = cueTime.exec(line);
    if (found !== null) {
      times = found;
      continue;
    }

    const fragment = times === null ? null : mediaFragment.exec(line.trim());
    const url = fragment?.[1] === undefined ? null : resolve(fragment[1], baseUrl);
    if (times !== null && fragment !== null && url !== null) {
      const [x = 0, y = 0, width = 0, height = 0] = fragment.slice(2).map(Number);
      if (width > 0 && height > 0) tiles.push({ start: seconds(times, 1), end: seconds(times, 4), url, x, y, width, height });
    }
    times = null;
  }
  return tiles;
}

function seconds(times: RegExpExecArray, from: number): number {
  return Number(times[from] ?? 0) * 3600 + Number(times[from + 1] ?? 0) * 60 + Number(times[from + 2] ?? 0);
}

/** The tile at a time, or the previous one for gaps of up to 3 s. Null if there is none. */
export function tileAt(tiles: readonly Tile[], time: number): Tile | null {
  let low = 0;
  let high = tiles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tiles[middle]?.start ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  const tile = tiles[low - 1];
  return tile !== undefined && time < tile.end + 3 ? tile : null;
}

/** Aligns a recording's tiles to wall-clock time by a tile that the live list also contains. Empty if there is none in common. */
export function alignToWallClock(recorded: readonly Tile[], live: readonly Tile[]): Tile[] {
  const known = new Map(live.map((tile) => [`${tile.url}#${tile.x},${tile.y}`, tile.start]));
  // The first cue of a recording may be trimmed.
  const shared = recorded.find((tile, at) => at > 0 && known.has(`${tile.url}#${tile.x},${tile.y}`));
  if (shared === undefined) return [];
  const shift = (known.get(`${shared.url}#${shared.x},${shared.y}`) ?? 0) - shared.start;
  return recorded.map((tile) => ({ ...tile, start: tile.start + shift, end: tile.end + shift }));
}

/** Resolves a URL; null if it is invalid or not HTTP. */
export function resolve(value: string, baseUrl: string): string | null {
  try {
    const url = new URL(value.trim(), baseUrl);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
