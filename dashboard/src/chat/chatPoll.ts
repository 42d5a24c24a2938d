import { element, setHidden, setText } from '../player/dom';
import { chatText } from '../text/chat';
import type { ChatPoll } from './chatFeed';

/** The poll above the messages: buttons until the viewer has voted or the poll has ended, then the result. */
export class PollPanel {
  readonly root = element('section', { class: 'chat-poll', 'aria-label': chatText.poll, hidden: true, tabindex: '0' });
  private readonly onVote: (poll: string, choice: number) => void;
  private readonly storageKey: string;
  private poll: ChatPoll | null = null;
  private timer: number | undefined;

  constructor(channel: string, onVote: (poll: string, choice: number) => void) {
    this.onVote = onVote;
    this.storageKey = `chat-voted:${channel}`;
  }

  render(poll: ChatPoll | null): void {
    window.clearTimeout(this.timer);
    this.poll = poll;
    setHidden(this.root, poll === null);
    if (poll === null) return;
    const left = poll.endsAt === null ? null : poll.endsAt - Date.now();
    const isOpen = left === null || left > 0;
    // The result appears when the time is over, also without news.
    if (left !== null && left > 0) this.timer = window.setTimeout(() => this.render(this.poll), Math.min(left + 50, 2 ** 31 - 1));
    const hasVoted = readKey(this.storageKey) === poll.id;
    const total = poll.options.reduce((sum, option) => sum + option.votes, 0);
    const rows = poll.options.map((option, index) =>
      (isOpen && !hasVoted ? this.choiceOf(poll, option.text, index) : createResult(option, total)));
    const focused = [...this.root.querySelectorAll('button')].findIndex((button) => button === document.activeElement);
    this.root.replaceChildren(
      element('div', { class: 'chat-poll-head' },
        element('span', { class: 'chat-label' }, isOpen ? chatText.poll : chatText.pollEnded),
        element('span', { class: 'chat-poll-total' }, chatText.votes(total))),
      element('p', { class: 'chat-poll-question', dir: 'auto' }, poll.question),
      element('div', { class: 'chat-poll-options' }, ...rows),
    );
    // After a vote there are no more buttons.
    if (focused >= 0) (this.root.querySelectorAll('button')[focused] ?? this.root).focus();
  }

  /** Shows the result after a vote, also after one that the server has rejected as the second one. */
  markVoted(poll: string): void {
    storeKey(this.storageKey, poll);
    this.render(this.poll);
  }

  private choiceOf(poll: ChatPoll, text: string, index: number): HTMLElement {
    const button = element('button', { type: 'button', class: 'chat-poll-choice', dir: 'auto' }, text);
    button.addEventListener('click', () => this.onVote(poll.id, index));
    return button;
  }
}

/** Creates the result of an option: its text, share of the votes, and a bar. */
export function createResult(option: { text: string; votes: number }, total: number): HTMLElement {
  const percent = total === 0 ? 0 : Math.round((100 * option.votes) / total);
  const row = element('div', { class: 'chat-poll-result' });
  const label = element('span', { class: 'chat-poll-label' }, element('span', { dir: 'auto' }, option.text), element('span'));
  setText(label.lastElementChild as Element, `${percent} %`);
  row.append(label, element('progress', { class: 'chat-poll-bar', max: 100, value: percent, 'aria-label': option.text }));
  return row;
}

function readKey(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

function storeKey(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // The server rejects a second vote.
  }
}
