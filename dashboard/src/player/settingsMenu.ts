import { controlsText } from '../text/playerControls';
import { element, setHidden, setLabel } from './dom';
import { icon } from './icons';
import type { MenuSection } from './menuSections';

/**
 * The settings menu: a list of settings, each with its options. Arrow keys move, Enter and → open, Escape and ← go back and finally close
 * it; the button then has the focus again.
 */
export class SettingsMenu {
  readonly root: HTMLElement;
  private readonly button = element(
    'button',
    { type: 'button', class: 'control', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-control': 'settings' },
    icon('settings'),
  );
  private readonly list = element('div', { class: 'menu', role: 'menu', hidden: true, 'aria-label': controlsText.settings });
  private sections: readonly MenuSection[] = [];
  private page: string | null = null;
  private renderedContent = '';

  constructor() {
    this.root = element('div', { class: 'menu-anchor' }, this.button, this.list);
    setLabel(this.button, controlsText.settings);
    this.button.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    this.root.addEventListener('keydown', (event) => this.onKey(event));
    this.root.addEventListener('focusout', (event) => {
      // Nothing has the focus while the content changes.
      if (event.relatedTarget !== null && !this.root.contains(event.relatedTarget as Node)) this.close();
    });
    document.addEventListener('pointerdown', (event) => {
      if (!this.root.contains(event.target as Node)) this.close();
    });
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  /** Updates the settings. Without any, the button is hidden. */
  render(sections: readonly MenuSection[]): void {
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
    this.renderedContent = '';
    this.button.setAttribute('aria-expanded', 'false');
  }

  private openPage(page: string | null): void {
    const from = this.page;
    this.page = page;
    this.fill(true, from);
  }

  /**
   * Renders the open page if it changed.
   * @param moveFocus to the selected option, or to the previous setting; otherwise the focus stays
   */
  private fill(moveFocus: boolean, previousPage: string | null = null): void {
    // Leave a setting that is no longer available.
    const section = this.sections.find((one) => one.key === this.page) ?? null;
    if (section === null) this.page = null;
    const content = JSON.stringify([this.page, section ?? this.sections.map(({ key, title, value }) => [key, title, value])]);
    if (content === this.renderedContent && !moveFocus) return;
    this.renderedContent = content;
    const focused = this.items.indexOf(document.activeElement as HTMLElement);
    this.list.replaceChildren(...(section === null ? this.sections.map((one) => this.createEntry(one)) : this.createChoices(section)));
    const { items } = this;
    const start =
      items.find((item) => (section === null ? item.dataset.section === previousPage : item.getAttribute('aria-checked') === 'true')) ??
      items[0];
    if (moveFocus) start?.focus();
    else if (focused >= 0) (items[focused] ?? start)?.focus();
  }

  private createEntry(section: MenuSection): HTMLElement {
    const created = element(
      'button',
      { type: 'button', class: 'menu-item', role: 'menuitem', 'aria-haspopup': 'menu', tabindex: -1, 'data-section': section.key },
      element('span', { class: 'menu-title' }, section.title),
      element('span', { class: 'menu-value' }, section.value),
      icon('forward'),
    );
    created.addEventListener('click', () => this.openPage(section.key));
    return created;
  }

  private createChoices(section: MenuSection): HTMLElement[] {
    const back = element(
      'button',
      { type: 'button', class: 'menu-item menu-back', role: 'menuitem', tabindex: -1 },
      icon('back'),
      section.title,
    );
    back.setAttribute('aria-label', controlsText.back(section.title));
    back.addEventListener('click', () => this.openPage(null));
    return [
      back,
      ...section.choices.map(({ id, name }) => {
        const checked = String(id === section.selected);
        const created = element(
          'button',
          { type: 'button', class: 'menu-item', role: 'menuitemradio', 'aria-checked': checked, tabindex: -1 },
          icon('check'),
          name,
        );
        created.addEventListener('click', () => {
          section.select(id);
          this.close();
          this.button.focus();
        });
        return created;
      }),
    ];
  }

  private get items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.menu-item')];
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.isOpen) return;
    const { items } = this;
    const focusedIndex = items.indexOf(document.activeElement as HTMLElement);
    const last = items.length - 1;
    switch (event.key) {
      case 'Escape':
        if (this.page === null) {
          this.close();
          this.button.focus();
        } else {
          this.openPage(null);
        }
        break;
      case 'ArrowLeft':
        if (this.page !== null) this.openPage(null);
        break;
      case 'ArrowRight': {
        const key = items[focusedIndex]?.dataset.section;
        if (key !== undefined) this.openPage(key);
        break;
      }
      case 'ArrowDown':
        items[focusedIndex === last ? 0 : focusedIndex + 1]?.focus();
        break;
      case 'ArrowUp':
        items[focusedIndex <= 0 ? last : focusedIndex - 1]?.focus();
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
