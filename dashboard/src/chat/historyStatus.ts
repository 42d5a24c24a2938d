import { element, setHidden, setText } from '../player/dom';
import { chatText } from '../text/chat';
import type { HistoryState } from './chatHistory';

/** Says why there are no messages at a position, and offers to load them again. */
export class HistoryStatus {
  readonly root: HTMLElement;
  private readonly text = element('span');
  private readonly retry = element('button', { type: 'button', class: 'chat-link' }, chatText.retry);

  constructor(onRetry: () => void) {
    this.root = element('p', { class: 'chat-empty', role: 'status', hidden: true }, this.text, ' ', this.retry);
    this.retry.addEventListener('click', onRetry);
  }

  /** @param state null hides it */
  render(state: HistoryState | null): void {
    setHidden(this.root, state === null || state === 'messages');
    setHidden(this.retry, state !== 'error');
    if (state === 'loading') setText(this.text, chatText.historyLoading);
    else if (state === 'none') setText(this.text, chatText.historyEmpty);
    else if (state === 'error') setText(this.text, chatText.historyFailed);
  }
}
