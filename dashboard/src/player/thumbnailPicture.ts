import { element, setHidden } from './dom';
import type { Tile } from './thumbnails';

/** Sheets kept at hand; each is some hundred kilobytes. */
const mostSheets = 6;
/** Sheets under way at a time: who sweeps over the bar does not load all that is under it. */
const settledAfterMs = 90;

/** Shows one tile of a sheet. Sheets are loaded when a tile of theirs is looked at for a moment, and few are kept. */
export class ThumbnailPicture {
  readonly root: HTMLElement;
  private readonly sheets = new Map<string, HTMLImageElement>();
  private shown: Tile | null = null;
  private timer: number | undefined;
  private readonly width: number;

  /** @param width of the picture in CSS pixels; its height follows from the tile */
  constructor(width: number) {
    this.width = width;
    this.root = element('div', { class: 'thumbnail', 'data-thumbnail': 'none', hidden: true, 'aria-hidden': 'true' });
  }

  /** Null where there is no thumbnail: then nothing is there, and nothing else moves. */
  show(tile: Tile | null): void {
    if (tile?.url === this.shown?.url && tile?.x === this.shown?.x && tile?.y === this.shown?.y) return;
    this.shown = tile;
    window.clearTimeout(this.timer);
    setHidden(this.root, tile === null);
    if (tile === null) return;
    this.root.style.height = `${Math.round((this.width * tile.height) / tile.width)}px`;
    const sheet = this.sheets.get(tile.url);
    if (sheet === undefined) {
      this.root.replaceChildren();
      this.root.dataset.thumbnail = 'loading';
      this.timer = window.setTimeout(() => this.load(tile.url), settledAfterMs);
    } else {
      this.place(sheet, tile);
    }
  }

  private load(url: string): void {
    const sheet = new Image();
    sheet.alt = '';
    sheet.decoding = 'async';
    this.sheets.set(url, sheet);
    const oldest = this.sheets.keys().next();
    if (this.sheets.size > mostSheets && oldest.done === false) this.forget(oldest.value);
    sheet.addEventListener('load', () => { if (this.shown?.url === url) this.place(sheet, this.shown); });
    // It may be there the next time.
    sheet.addEventListener('error', () => this.sheets.delete(url));
    sheet.src = url;
  }

  private forget(url: string): void {
    // Ends a loading that nobody waits for.
    this.sheets.get(url)?.removeAttribute('src');
    this.sheets.delete(url);
  }

  private place(sheet: HTMLImageElement, tile: Tile): void {
    // The one looked at last is forgotten last.
    this.sheets.delete(tile.url);
    this.sheets.set(tile.url, sheet);
    if (!sheet.complete || sheet.naturalWidth === 0) return;
    sheet.style.transform = `scale(${this.width / tile.width}) translate(${-tile.x}px, ${-tile.y}px)`;
    if (this.root.firstChild !== sheet) this.root.replaceChildren(sheet);
    this.root.dataset.thumbnail = 'shown';
  }
}
