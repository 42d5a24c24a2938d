import { type Tile, imagePlaylistOf, alignToWallClock, resolve, tileAt, tilesOfCues, tilesOfImagePlaylist } from './thumbnails';

/** Thumbnails of a stream. Loads nothing until one is needed. */
export interface ThumbnailList {
  /** @param time seconds, in the time base of the list */
  at(time: number): Tile | null;
  /** Updates the list for a time if needed; true if it changed. */
  load(time: number): Promise<boolean>;
}

/** Delay before an unsuccessful list is loaded again, in ms. */
const retryMs = 6000;
const timeoutMs = 8000;
/** Maximum length in characters. A list of a week has some ten million. */
const maxChars = 24_000_000;

/** Thumbnails of a recording by time since its start: a WebVTT file next to its playlist. */
export class RecordedThumbnails implements ThumbnailList {
  private readonly playlist: string;
  private tiles: Tile[] = [];
  private readonly throttle = new Throttle();

  constructor(playlist: string) {
    this.playlist = playlist;
  }

  at(time: number): Tile | null {
    return tileAt(this.tiles, time);
  }

  async load(time: number): Promise<boolean> {
    if (this.at(time) !== null || !this.throttle.tryAcquire()) return false;
    const tiles = await loadCues(this.playlist);
    if (tiles.length === 0) return false;
    this.tiles = tiles;
    return true;
  }
}

/**
 * Thumbnails of a live stream by wall-clock time: the image playlist that the multivariant playlist announces. It covers the live window;
 * older ones come from the session's recording, if it is accessible.
 */
export class LiveThumbnails implements ThumbnailList {
  private readonly playlist: string;
  private images: string | null = null;
  private tiles: Tile[] = [];
  private olderTiles: Tile[] = [];
  private readonly throttle = new Throttle();
  private readonly olderThrottle = new Throttle(60_000);
  private readonly recordingPlaylist: () => string | null;

  /** @param recordingPlaylist returns the playlist of the session's recording, null while no session is known */
  constructor(playlist: string, recordingPlaylist: () => string | null) {
    this.playlist = playlist;
    this.recordingPlaylist = recordingPlaylist;
  }

  at(time: number): Tile | null {
    return tileAt(this.tiles, time) ?? tileAt(this.olderTiles, time);
  }

  async load(time: number): Promise<boolean> {
    if (this.at(time) !== null) return false;
    const newer = this.throttle.tryAcquire() && (await this.loadWindow());
    if (this.at(time) !== null) return newer;
    const first = this.tiles[0];
    if (first === undefined || time >= first.start || !this.olderThrottle.tryAcquire()) return newer;
    return (await this.loadOlder()) || newer;
  }

  private async loadWindow(): Promise<boolean> {
    if (this.images === null) {
      const text = await fetchText(this.playlist);
      this.images = text === null ? null : imagePlaylistOf(text.body, text.url);
    }
    const list = this.images === null ? null : await fetchText(this.images);
    // Another session has another image playlist.
    if (list === null) this.images = null;
    else this.tiles = tilesOfImagePlaylist(list.body, list.url);
    return list !== null;
  }

  private async loadOlder(): Promise<boolean> {
    const recordingPlaylist = this.recordingPlaylist();
    if (recordingPlaylist === null) return false;
    this.olderTiles = alignToWallClock(await loadCues(recordingPlaylist), this.tiles);
    return this.olderTiles.length > 0;
  }
}

/** Limits an operation to one per interval. */
class Throttle {
  private readonly intervalMs: number;
  private acquiredAt = Number.NEGATIVE_INFINITY;

  constructor(intervalMs = retryMs) {
    this.intervalMs = intervalMs;
  }

  tryAcquire(): boolean {
    const now = performance.now();
    if (now - this.acquiredAt < this.intervalMs) return false;
    this.acquiredAt = now;
    return true;
  }
}

async function loadCues(playlist: string): Promise<Tile[]> {
  const url = resolve('thumbnails.vtt', absoluteUrl(playlist));
  const text = url === null ? null : await fetchText(url);
  return text === null ? [] : tilesOfCues(text.body, text.url);
}

async function fetchText(url: string): Promise<{ body: string; url: string } | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || Number(response.headers.get('Content-Length') ?? 0) > maxChars) return null;
    const body = await response.text();
    // Relative URLs resolve against the URL after redirects.
    return body.length > maxChars ? null : { body, url: response.url };
  } catch {
    return null;
  }
}

function absoluteUrl(url: string): string {
  return new URL(url, window.location.href).href;
}
