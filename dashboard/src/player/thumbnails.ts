/** One thumbnail: a part of a sheet. */
export interface Tile {
  /** Seconds: since 1970 in a live stream's list, since its begin in a recording's. */
  start: number;
  end: number;
  /** Address of the sheet. */
  url: string;
  /** Where in the sheet, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Days of two seconds each. What a list has beyond is not shown. */
const mostTiles = 200_000;

/** The address of the image playlist that a multivariant playlist announces (`EXT-X-IMAGE-STREAM-INF`), null where it announces none. */
export function imagePlaylistOf(multivariant: string, address: string): string | null {
  const said = /^#EXT-X-IMAGE-STREAM-INF:.*\bURI="([^"]{1,2000})"/m.exec(multivariant)?.[1];
  return said === undefined ? null : resolve(said, address);
}

/** The tiles of an image playlist ("Image Media Playlist", version 0.4), by wall clock. A gap has none. */
export function tilesOfImagePlaylist(text: string, address: string): Tile[] {
  const tiles: Tile[] = [];
  let start = Number.NaN;
  let duration = 0;
  let layout: RegExpExecArray | null = null;
  let gap = false;
  for (const line of text.split('\n')) {
    if (tiles.length >= mostTiles) break;
    if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) start = Date.parse(line.slice(25)) / 1000;
    else if (line.startsWith('#EXTINF:')) duration = Number.parseFloat(line.slice(8));
    else if (line.startsWith('#EXT-X-TILES:')) layout = /RESOLUTION=(\d{1,4})x(\d{1,4}),LAYOUT=(\d{1,2})x(\d{1,2}),DURATION=([\d.]{1,12})/.exec(line);
    else if (line.startsWith('#EXT-X-GAP')) gap = true;
    else if (line !== '' && !line.startsWith('#')) {
      const url = resolve(line, address);
      if (!gap && layout !== null && url !== null && !Number.isNaN(start)) tiles.push(...tilesOf(layout, start, url));
      // The next one follows where it says nothing of its own.
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
const part = /^(.{1,2000})#xywh=(\d{1,5}),(\d{1,5}),(\d{1,4}),(\d{1,4})$/;

/** The tiles of a WebVTT file of thumbnails: each cue names a part of a sheet (`#xywh=`). */
export function tilesOfCues(text: string, address: string): Tile[] {
  const tiles: Tile[] = [];
  let times: RegExpExecArray | null = null;
  for (const line of text.split('\n')) {
    if (tiles.length >= mostTiles) break;
    const found = cueTime.exec(line);
    if (found !== null) {
      times = found;
      continue;
    }

    const picture = times === null ? null : part.exec(line.trim());
    const url = picture?.[1] === undefined ? null : resolve(picture[1], address);
    if (times !== null && picture !== null && url !== null) {
      const [x = 0, y = 0, width = 0, height = 0] = picture.slice(2).map(Number);
      if (width > 0 && height > 0) tiles.push({ start: seconds(times, 1), end: seconds(times, 4), url, x, y, width, height });
    }
    times = null;
  }
  return tiles;
}

function seconds(times: RegExpExecArray, from: number): number {
  return Number(times[from] ?? 0) * 3600 + Number(times[from + 1] ?? 0) * 60 + Number(times[from + 2] ?? 0);
}

/** The tile of a time; the one before where the list has a hole of less than a few seconds. Null where there is none. */
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

/**
 * Puts a recording's list on the wall clock of a live one, by a tile that both have: what left the live list is still in the recording's.
 * Empty where they have none in common.
 */
export function onWallClock(recorded: readonly Tile[], live: readonly Tile[]): Tile[] {
  const known = new Map(live.map((tile) => [`${tile.url}#${tile.x},${tile.y}`, tile.start]));
  // The first cue of a recording may be cut; those after it are whole.
  const shared = recorded.find((tile, at) => at > 0 && known.has(`${tile.url}#${tile.x},${tile.y}`));
  if (shared === undefined) return [];
  const shift = (known.get(`${shared.url}#${shared.x},${shared.y}`) ?? 0) - shared.start;
  return recorded.map((tile) => ({ ...tile, start: tile.start + shift, end: tile.end + shift }));
}

/** An address beside another one; null for what is none, or leads away from the web. */
export function resolve(said: string, address: string): string | null {
  try {
    const url = new URL(said.trim(), address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
