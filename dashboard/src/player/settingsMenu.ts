import { controlsText } from '../text/playerControls';
import { element, setHidden, setLabel } from './dom';
import { icon } from './icons';
import type { MenuSection } from './menuSections';

/**
 * One button with everything that can be chosen: a list of what there is, and behind each its choices. Arrow keys move, Enter and → open, Escape and ←
 * go back, and from the first page out; then the button has the focus again.
 */
export class SettingsMenu {
  readonly root: HTMLElement;
  private readonly button = element('button', { type: 'button', class: 'control', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-control': 'settings' }, icon('settings'));
  private readonly list = element('div', { class: 'menu', role: 'menu', hidden: true, 'aria-label': controlsText.settings });
  private sections: readonly MenuSection[] = [];
  private page: string | null = null;
  private drawn = '';

  constructor() {
    this.root = element('div', { class: 'menu-anchor' }, this.button, this.list);
    setLabel(this.button, controlsText.settings);
    this.button.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    this.root.addEventListener('keydown', (event) => this.onKey(event));
    this.root.addEventListener('focusout', (event) => {
      // Nothing has the focus while a page is exchanged for another.
      if (event.relatedTarget !== null && !this.root.contains(event.relatedTarget as Node)) this.close();
    });
    document.addEventListener('pointerdown', (event) => {
      if (!this.root.contains(event.target as Node)) this.close();
    });
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  /** Shows what there is now. With nothing to choose there is no button. */
  draw(sections: readonly MenuSection[]): void {
    this.sections = sections;
    setHidden(this.root, sections.length === 0);
    if (sections.length === 0) return this.close();
    if (this.isOpen) this.fill(false);
  }

  private open(): void {
    this.page = null;
    this.list.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    this.fill(true);
  }

  private close(): void {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.drawn = '';
    this.button.setAttribute('aria-expanded', 'false');
  }

  private turnTo(page: string | null): void {
    const from = this.page;
    this.page = page;
    this.fill(true, from);
  }

  /**
   * Writes the open page, only when it differs.
   * @param moveFocus to the choice that is made, or to where one came from; otherwise the focus stays where it is
   */
  private fill(moveFocus: boolean, cameFrom: string | null = null): void {
    // What can no longer be chosen is left.
    const section = this.sections.find((one) => one.key === this.page) ?? null;
    if (section === null) this.page = null;
    const wanted = JSON.stringify([this.page, section ?? this.sections.map(({ key, title, value }) => [key, title, value])]);
    if (wanted === this.drawn && !moveFocus) return;
    this.drawn = wanted;
    const focused = this.items.indexOf(document.activeElement as HTMLElement);
    this.list.replaceChildren(...(section === null ? this.sections.map((one) => this.entry(one)) : this.choices(section)));
    const { items } = this;
    const start = items.find((item) => (section === null ? item.dataset.section === cameFrom : item.getAttribute('aria-checked') === 'true')) ?? items[0];
    if (moveFocus) start?.focus();
    else if (focused >= 0) (items[focused] ?? start)?.focus();
  }

  private entry(section: MenuSection): HTMLElement {
    const made = element(
      'button',
      { type: 'button', class: 'menu-item', role: 'menuitem', 'aria-haspopup': 'menu', tabindex: -1, 'data-section': section.key },
      element('span', { class: 'menu-title' }, section.title),
      element('span', { class: 'menu-value' }, section.value),
      icon('forward'),
    );
    made.addEventListener('click', () => this.turnTo(section.key));
    return made;
  }

  private choices(section: MenuSection): HTMLElement[] {
    const back = element('button', { type: 'button', class: 'menu-item menu-back', role: 'menuitem', tabindex: -1 }, icon('back'), section.title);
    back.setAttribute('aria-label', controlsText.back(section.title));
    back.addEventListener('click', () => this.turnTo(null));
    return [
      back,
      ...section.choices.map(({ id, name }) => {
        const checked = String(id === section.chosen);
        const made = element('button', { type: 'button', class: 'menu-item', role: 'menuitemradio', 'aria-checked': checked, tabindex: -1 }, icon('check'), name);
        made.addEventListener('click', () => {
          section.choose(id);
          this.close();
          this.button.focus();
        });
        return made;
      }),
    ];
  }

  private get items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.menu-item')];
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.isOpen) return;
    const { items } = this;
    const at = items.indexOf(document.activeElement as HTMLElement);
    const last = items.length - 1;
    switch (event.key) {
      case 'Escape':
        if (this.page === null) {
          this.close();
          this.button.focus();
        } else {
          this.turnTo(null);
        }
        break;
      case 'ArrowLeft':
        if (this.page !== null) this.turnTo(null);
        break;
      case 'ArrowRight': {
        const key = items[at]?.dataset.section;
        if (key !== undefined) this.turnTo(key);
        break;
      }
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
      case 'Tab':
        this.close();
        return;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
