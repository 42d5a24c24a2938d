import { playerText } from '../text';
import { element, setHidden, setLabel } from './dom';
import { type Engine, qualityName } from './engine';
import { icon } from './icons';

/** The menu of qualities: a button, and a list that opens above it. Arrow keys move, Escape closes. */
export class QualityMenu {
  readonly root: HTMLElement;
  private readonly button = element('button', { type: 'button', class: 'control', 'aria-haspopup': 'menu', 'aria-expanded': 'false' }, icon('quality'));
  private readonly list = element('div', { class: 'menu', role: 'menu', hidden: true, 'aria-label': playerText.quality });
  private readonly choose: (id: number) => void;
  private drawn = '';

  constructor(choose: (id: number) => void) {
    this.choose = choose;
    this.root = element('div', { class: 'menu-anchor' }, this.button, this.list);
    setLabel(this.button, playerText.quality);
    this.button.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    this.root.addEventListener('keydown', (event) => this.onKey(event));
    this.root.addEventListener('focusout', (event) => {
      if (!this.root.contains(event.relatedTarget as Node | null)) this.close();
    });
    document.addEventListener('pointerdown', (event) => {
      if (!this.root.contains(event.target as Node)) this.close();
    });
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  draw(engine: Engine | null): void {
    const qualities = engine?.qualities ?? [];
    setHidden(this.root, qualities.length === 0);
    if (engine === null || qualities.length === 0) {
      this.close();
      return;
    }

    const now = qualities.find((quality) => quality.id === engine.currentQuality);
    const nameNow = now === undefined ? null : qualityName(now, qualities, playerText.audioOnly);
    const automatic = engine.chosenQuality === -1 && nameNow !== null ? playerText.qualityAutoNow(nameNow) : playerText.qualityAuto;
    const entries = [
      { id: -1, name: automatic },
      ...qualities.map((quality) => ({ id: quality.id, name: qualityName(quality, qualities, playerText.audioOnly) })),
    ];

    const wanted = JSON.stringify([entries, engine.chosenQuality]);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    const focused = this.items.indexOf(document.activeElement as HTMLElement);
    this.list.replaceChildren(...entries.map(({ id, name }) => this.item(id, name, id === engine.chosenQuality)));
    if (focused >= 0) this.items[focused]?.focus();
  }

  private item(id: number, name: string, checked: boolean): HTMLElement {
    const made = element('button', { type: 'button', class: 'menu-item', role: 'menuitemradio', 'aria-checked': String(checked), tabindex: -1 }, icon('check'), name);
    made.addEventListener('click', () => {
      this.choose(id);
      this.close();
      this.button.focus();
    });
    return made;
  }

  private get items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.menu-item')];
  }

  private open(): void {
    this.list.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    (this.items.find((item) => item.getAttribute('aria-checked') === 'true') ?? this.items[0])?.focus();
  }

  private close(): void {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.isOpen) return;
    const { items } = this;
    const at = items.indexOf(document.activeElement as HTMLElement);
    const last = items.length - 1;
    switch (event.key) {
      case 'Escape':
        this.close();
        this.button.focus();
        break;
      case 'ArrowDown':
        items[at === last ? 0 : at + 1]?.focus();
        break;
      case 'ArrowUp':
        items[at <= 0 ? last : at - 1]?.focus();
        break;
      case 'Home':
        items[0]?.focus();
        break;
      case 'End':
        items[last]?.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
