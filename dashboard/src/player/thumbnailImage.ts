import { element, setHidden } from './dom';
import type { Tile } from './thumbnails';

/** Number of cached sprite sheets; each has some hundred kilobytes. */
const maxSprites = 6;
/** Delay before loading a sprite sheet, so that moving over the bar does not load all of them, in ms. */
const loadDelayMs = 90;

/** Shows one tile of a sprite sheet. Sheets load after a short delay, and few are cached. */
export class ThumbnailImage {
  readonly root: HTMLElement;
  private readonly sprites = new Map<string, HTMLImageElement>();
  private shown: Tile | null = null;
  private timer: number | undefined;
  private readonly width: number;

  /** @param width in CSS pixels; the height follows from the tile */
  constructor(width: number) {
    this.width = width;
    this.root = element('div', { class: 'thumbnail', 'data-thumbnail': 'none', hidden: true, 'aria-hidden': 'true' });
  }

  /** Null hides it without changing the layout. */
  show(tile: Tile | null): void {
    if (tile?.url === this.shown?.url && tile?.x === this.shown?.x && tile?.y === this.shown?.y) return;
    this.shown = tile;
    window.clearTimeout(this.timer);
    setHidden(this.root, tile === null);
    if (tile === null) return;
    this.root.style.height = `${Math.round((this.width * tile.height) / tile.width)}px`;
    const sprite = this.sprites.get(tile.url);
    if (sprite === undefined) {
      this.root.replaceChildren();
      this.root.dataset.thumbnail = 'loading';
      this.timer = window.setTimeout(() => this.load(tile.url), loadDelayMs);
    } else {
      this.showTile(sprite, tile);
    }
  }

  private load(url: string): void {
    const sprite = new Image();
    sprite.alt = '';
    sprite.decoding = 'async';
    this.sprites.set(url, sprite);
    const oldest = this.sprites.keys().next();
    if (this.sprites.size > maxSprites && oldest.done === false) this.evict(oldest.value);
    sprite.addEventListener('load', () => { if (this.shown?.url === url) this.showTile(sprite, this.shown); });
    // A later attempt may succeed.
    sprite.addEventListener('error', () => this.sprites.delete(url));
    sprite.src = url;
  }

  private evict(url: string): void {
    // Aborts a pending request.
    this.sprites.get(url)?.removeAttribute('src');
    this.sprites.delete(url);
  }

  private showTile(sprite: HTMLImageElement, tile: Tile): void {
    // Least recently used first.
    this.sprites.delete(tile.url);
    this.sprites.set(tile.url, sprite);
    if (!sprite.complete || sprite.naturalWidth === 0) return;
    sprite.style.transform = `scale(${this.width / tile.width}) translate(${-tile.x}px, ${-tile.y}px)`;
    if (this.root.firstChild !== sprite) this.root.replaceChildren(sprite);
    this.root.dataset.thumbnail = 'shown';
  }
}
