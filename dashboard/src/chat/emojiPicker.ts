import { element, isOutside, setHidden } from '../player/dom';
import { chatText } from '../text/chat';
import { emojis } from './emoji';

const columns = 8;

/** A button with a grid of emoji. Arrow keys move in the grid, Escape closes it. */
export class EmojiPicker {
  readonly button = element(
    'button',
    { type: 'button', class: 'chat-emoji-button', 'aria-label': chatText.emoji, 'aria-expanded': 'false', title: chatText.emoji },
    '☺',
  );
  readonly grid: HTMLElement;
  private readonly choices: HTMLButtonElement[];

  constructor(onChoose: (emoji: string) => void) {
    this.choices = emojis.map(([code, emoji], index) => {
      const choice = element(
        'button',
        {
          type: 'button',
          class: 'chat-emoji',
          'aria-label': code.replaceAll('_', ' '),
          title: `:${code}:`,
          tabindex: index === 0 ? '0' : '-1',
        },
        emoji,
      );
      choice.addEventListener('click', () => {
        this.close();
        onChoose(emoji);
      });
      return choice;
    });
    this.grid = element('div', { class: 'chat-emojis', role: 'group', 'aria-label': chatText.emojiGroup, hidden: true }, ...this.choices);
    this.button.addEventListener('click', () => (this.grid.hidden ? this.open() : this.close()));
    this.grid.addEventListener('keydown', (event) => this.onKey(event));
    // Not at pointerdown: what is below would move before the click arrives.
    document.addEventListener('click', (event) => {
      if (this.grid.hidden || this.button.contains(event.target as Node)) return;
      if (isOutside(event, this.grid.getBoundingClientRect())) this.close();
    });
  }

  private open(): void {
    setHidden(this.grid, false);
    this.button.setAttribute('aria-expanded', 'true');
    this.choices.find((choice) => choice.tabIndex === 0)?.focus();
  }

  private close(): void {
    setHidden(this.grid, true);
    this.button.setAttribute('aria-expanded', 'false');
  }

  private onKey(event: KeyboardEvent): void {
    const at = this.choices.findIndex((choice) => choice === document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (event.key === 'Escape') {
      this.close();
      this.button.focus();
    } else if (step !== undefined && at >= 0) {
      event.preventDefault();
      const next = this.choices[at + step];
      if (next === undefined) return;
      for (const choice of this.choices) choice.tabIndex = choice === next ? 0 : -1;
      next.focus();
    }
  }
}
