import type { ChatMessage, ChatNews, ChatPoll } from '../chat/chatFeed';
import { createResult } from '../chat/chatPoll';
import type { ChatQuestion } from '../chat/chatQuestions';
import { createRow, nameOf } from '../chat/chatRow';
import { element, setHidden } from '../player/dom';
import { chatText } from '../text/chat';
import { OverlayMessages } from './overlayMessages';
import type { OverlayOptions } from './overlayOptions';

/** The newest messages on a transparent background, for video mixers. */
export class Overlay {
  readonly root: HTMLElement;
  private readonly options: OverlayOptions;
  private readonly now: () => number;
  private readonly list = element('ol', { class: 'overlay-list' });
  private readonly log = element('div', { class: 'overlay-log', role: 'log', 'aria-label': chatText.log }, this.list);
  private readonly pinned = element('section', { class: 'overlay-card', 'aria-label': chatText.pinned, hidden: true });
  private readonly question = element('section', { class: 'overlay-card', 'aria-label': chatText.questions, hidden: true });
  private readonly poll = element('section', { class: 'overlay-card', 'aria-label': chatText.poll, hidden: true });
  private readonly messages: OverlayMessages;
  private readonly rows = new Map<string, HTMLElement>();

  /** @param now current time in ms since 1970 */
  constructor(options: OverlayOptions, now: () => number) {
    this.options = options;
    this.now = now;
    this.messages = new OverlayMessages(options.max, options.fade);
    this.root = element(
      'div',
      { class: 'overlay', 'data-align': options.align },
      this.pinned,
      this.question,
      this.poll,
      this.log,
    );
    this.root.style.setProperty('--overlay-size', `${options.size}px`);
  }

  /** Shows news of the chat. */
  show(news: ChatNews): void {
    if (news.reset) {
      this.list.replaceChildren();
      this.rows.clear();
      this.messages.clear();
    }
    const { added, removed } = this.messages.update(this.options.messages ? news.messages : [], news.removed, news.reset, this.now());
    const rows = document.createDocumentFragment();
    for (const message of added) {
      const row = createRow(message, { repliedTo: undefined, ownName: null, buttons: [] });
      this.rows.set(message.id, row);
      rows.append(row);
    }
    this.list.append(rows);
    for (const id of removed) this.remove(id);
    this.showPinned(news.state.pinned);
    this.showPoll(news.state.poll);
    if (news.state.questions === null) this.showQuestions([]);
  }

  /** Shows the first question that a moderator has picked. */
  showQuestions(questions: readonly ChatQuestion[]): void {
    const picked = this.options.question ? questions.find(({ state }) => state === 'picked') : undefined;
    setHidden(this.question, picked === undefined);
    this.question.replaceChildren(
      ...(picked === undefined
        ? []
        : [
            element('span', { class: 'overlay-label' }, chatText.question(picked.name)),
            element('p', { class: 'overlay-text', dir: 'auto' }, picked.text),
          ]),
    );
  }

  /** Removes the messages whose time is over. */
  tick(): void {
    for (const id of this.messages.expire(this.now())) this.remove(id);
  }

  private remove(id: string): void {
    this.rows.get(id)?.remove();
    this.rows.delete(id);
  }

  private showPinned(message: ChatMessage | null): void {
    const isShown = this.options.pinned && message !== null;
    setHidden(this.pinned, !isShown);
    this.pinned.replaceChildren(
      ...(isShown
        ? [
            element('span', { class: 'overlay-label' }, ...nameOf(message)),
            element('p', { class: 'overlay-text', dir: 'auto' }, message.text),
          ]
        : []),
    );
  }

  private showPoll(poll: ChatPoll | null): void {
    const isShown = this.options.poll && poll !== null;
    setHidden(this.poll, !isShown);
    if (!isShown) {
      this.poll.replaceChildren();
      return;
    }
    const total = poll.options.reduce((sum, option) => sum + option.votes, 0);
    this.poll.replaceChildren(
      element('p', { class: 'overlay-text', dir: 'auto' }, poll.question),
      ...poll.options.map((option) => createResult(option, total)),
      element('span', { class: 'overlay-label' }, chatText.votes(total)),
    );
  }
}
