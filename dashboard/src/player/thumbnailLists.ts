import { type Tile, imagePlaylistOf, onWallClock, resolve, tileAt, tilesOfCues, tilesOfImagePlaylist } from './thumbnails';

/** What of a stream has thumbnails. Asks for nothing until a thumbnail is wanted. */
export interface ThumbnailList {
  /** @param time seconds, of the list's own kind */
  at(time: number): Tile | null;
  /** Brings the list up to date for a time, if that may help; true when it has changed. */
  load(time: number): Promise<boolean>;
}

/** A list that did not help is asked for again after this. */
const againMs = 6000;
const timeoutMs = 8000;
/** Characters. A list of a week is some ten millions. */
const longest = 24_000_000;

/** A recording's, by the time since its begin: its file of thumbnails lies beside its playlist. */
export class RecordedThumbnails implements ThumbnailList {
  private readonly playlist: string;
  private tiles: Tile[] = [];
  private readonly turn = new Turn();

  constructor(playlist: string) {
    this.playlist = playlist;
  }

  at(time: number): Tile | null {
    return tileAt(this.tiles, time);
  }

  async load(time: number): Promise<boolean> {
    if (this.at(time) !== null || !this.turn.take()) return false;
    const tiles = await cuesBeside(this.playlist);
    if (tiles.length === 0) return false;
    this.tiles = tiles;
    return true;
  }
}

/**
 * A live stream's, by wall clock: the image playlist that its multivariant playlist announces. That one reaches as far back as the live
 * window; what is older is looked for in the session's recording, where there is one that may be seen.
 */
export class LiveThumbnails implements ThumbnailList {
  private readonly playlist: string;
  private images: string | null = null;
  private tiles: Tile[] = [];
  private older: Tile[] = [];
  private readonly turn = new Turn();
  private readonly olderTurn = new Turn(60_000);
  private readonly recording: () => string | null;

  /** @param recording the playlist of the session's recording, null while no session is known */
  constructor(playlist: string, recording: () => string | null) {
    this.playlist = playlist;
    this.recording = recording;
  }

  at(time: number): Tile | null {
    return tileAt(this.tiles, time) ?? tileAt(this.older, time);
  }

  async load(time: number): Promise<boolean> {
    if (this.at(time) !== null) return false;
    const newer = this.turn.take() && (await this.loadWindow());
    if (this.at(time) !== null) return newer;
    const first = this.tiles[0];
    if (first === undefined || time >= first.start || !this.olderTurn.take()) return newer;
    return (await this.loadOlder()) || newer;
  }

  private async loadWindow(): Promise<boolean> {
    if (this.images === null) {
      const text = await textOf(this.playlist);
      this.images = text === null ? null : imagePlaylistOf(text.body, text.address);
    }
    const list = this.images === null ? null : await textOf(this.images);
    // Another session has another list.
    if (list === null) this.images = null;
    else this.tiles = tilesOfImagePlaylist(list.body, list.address);
    return list !== null;
  }

  private async loadOlder(): Promise<boolean> {
    const recording = this.recording();
    if (recording === null) return false;
    this.older = onWallClock(await cuesBeside(recording), this.tiles);
    return this.older.length > 0;
  }
}

/** One at a time, and not again at once. */
class Turn {
  private readonly everyMs: number;
  private takenAt = Number.NEGATIVE_INFINITY;

  constructor(everyMs = againMs) {
    this.everyMs = everyMs;
  }

  take(): boolean {
    const now = performance.now();
    if (now - this.takenAt < this.everyMs) return false;
    this.takenAt = now;
    return true;
  }
}

async function cuesBeside(playlist: string): Promise<Tile[]> {
  const address = resolve('thumbnails.vtt', absolute(playlist));
  const text = address === null ? null : await textOf(address);
  return text === null ? [] : tilesOfCues(text.body, text.address);
}

async function textOf(address: string): Promise<{ body: string; address: string } | null> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || Number(response.headers.get('Content-Length') ?? 0) > longest) return null;
    const body = await response.text();
    // Where the server sent us counts: addresses in the list begin there.
    return body.length > longest ? null : { body, address: response.url };
  } catch {
    return null;
  }
}

function absolute(address: string): string {
  return new URL(address, window.location.href).href;
}
