import './chat.css';
import type { ChannelUrls } from '../player/channelUrls';
import { element, setHidden, setText } from '../player/dom';
import { chatText } from '../text/chat';
import { ChatFeed, type ChatMessage, type ChatNews, type ChatState } from './chatFeed';
import { ChatHistory } from './chatHistory';
import { type ChatMode, isSameMode } from './chatMode';
import { PollPanel } from './chatPoll';
import { fetchQuestions, QuestionsPanel } from './chatQuestions';
import { ReactionBar } from './chatReactions';
import { createRow, nameOf } from './chatRow';
import { ChatSender, type Sent } from './chatSender';
import { replaceShortCodes } from './emoji';
import { EmojiPicker } from './emojiPicker';
import { HeldMessages } from './heldMessages';
import { HistoryStatus } from './historyStatus';
import { keepFocus } from './keepFocus';
import { Moderator } from './moderator';

/** Messages in the page. Older ones are removed, so that a long broadcast does not slow the page down. */
const maxShown = 200;
const maxLength = 500;
const maxNameLength = 30;
const heldCheckMs = 250;

/** Parts of the panel that depend on the page. */
export interface ChatPanelOptions {
  /** Links and buttons beside the title. */
  actions?: readonly HTMLElement[];
  /** Whether a user who is logged in at the dashboard takes part as this user, and moderates; default: yes. */
  knowsUsers?: boolean;
}

/** The chat of a channel: messages beside the video, and a form to write. */
export class ChatPanel {
  readonly root: HTMLElement;
  private readonly sender: ChatSender;
  private readonly feed: ChatFeed;
  private readonly held = new HeldMessages();
  private readonly position: () => number | null;
  private readonly moderator: Moderator;
  private readonly poll: PollPanel;
  private readonly reactions = new ReactionBar(
    () => this.mayTakePart(),
    (counts) => void this.sender.react(counts).then((result) => this.report(result)),
  );
  private readonly questions = new QuestionsPanel(
    (text) => this.ask(text),
    async (question) => this.mayTakePart() && this.report(await this.sender.voteQuestion(question)),
  );
  private readonly liveRoot: string;
  private readonly knowsUsers: boolean;
  private questionsVersion: number | null = null;
  private readonly rows = new Map<string, HTMLElement>();
  private readonly names = new Map<string, string>();
  private readonly list = element('ol', { class: 'chat-list' });
  private readonly log = element('div', { class: 'chat-log', role: 'log', 'aria-label': chatText.log, tabindex: '0' }, this.list);
  private readonly pinned = element('div', {
    class: 'chat-pinned', role: 'group', 'aria-label': chatText.pinned, tabindex: '0', hidden: true,
  });
  private pinnedMessage: ChatMessage | null = null;
  private shownPinned = '';
  private readonly mode = element('p', { class: 'chat-mode', role: 'status', hidden: true });
  private readonly empty = element('p', { class: 'chat-empty' }, chatText.empty);
  private readonly notice = element('p', { class: 'chat-notice', role: 'status' });
  private readonly more = element('button', { class: 'chat-more', type: 'button', hidden: true }, chatText.newMessages);
  private readonly name = element('input', {
    class: 'chat-input', 'aria-label': chatText.name, placeholder: chatText.name, maxlength: String(maxNameLength), required: true,
    autocomplete: 'nickname',
  });
  private readonly text = element('input', {
    class: 'chat-input', 'aria-label': chatText.message, placeholder: chatText.message, maxlength: String(maxLength), required: true,
    autocomplete: 'off',
  });
  private readonly joinButton = element('button', { class: 'chat-button', type: 'submit' }, chatText.join);
  private readonly sendButton = element('button', { class: 'chat-button', type: 'submit' }, chatText.send);
  private readonly joinForm = element('form', { class: 'chat-form' }, this.name, this.joinButton);
  private readonly emojis = new EmojiPicker((emoji) => this.insert(emoji));
  private readonly sendForm = element('form', { class: 'chat-form' }, this.text, this.emojis.button, this.sendButton);
  private readonly writer = element('p', { class: 'chat-writer' });
  private readonly replyText = element('span');
  private readonly reply = element('p', { class: 'chat-reply', hidden: true }, this.replyText);
  private replyId: string | null = null;
  private chatMode: ChatMode = { kind: 'none' };
  /** Messages at a position of the past; null at the live edge. */
  private history: ChatHistory | null = null;
  private readonly historyStatus = new HistoryStatus(() => this.history?.retry());
  private pending: HTMLElement | null = null;
  /** Whether the newest message is in view. */
  private isFollowing = true;
  private timer: number | undefined;

  /** @param position capture time of the displayed frame in ms since 1970; null if unknown */
  constructor({ channel, chat }: ChannelUrls, position: () => number | null, options: ChatPanelOptions = {}) {
    const liveRoot = chat.live;
    this.position = position;
    this.liveRoot = liveRoot;
    this.knowsUsers = options.knowsUsers ?? true;
    this.sender = new ChatSender(chat.post, channel);
    this.poll = new PollPanel(channel, (poll, choice) => void this.vote(poll, choice));
    this.moderator = new Moderator(channel, (participant) => {
      this.sender.use(participant);
      this.renderForms();
      this.renderPinned(this.pinnedMessage);
    });
    this.feed = new ChatFeed(
      liveRoot,
      (news) => this.keepFocus(() => this.onNews(news)),
      (isConnected) => this.setNotice(isConnected ? '' : chatText.offline),
    );
    const cancel = element('button', { type: 'button', class: 'chat-link' }, chatText.cancelReply);
    const rename = element('button', { type: 'button', class: 'chat-link' }, chatText.rename);
    this.reply.append(' ', cancel);
    this.root = element(
      'section',
      { class: 'chat', 'aria-label': chatText.title, hidden: true },
      element('div', { class: 'chat-header' }, element('h2', { class: 'chat-title' }, chatText.title), ...(options.actions ?? [])),
      this.pinned,
      this.poll.root,
      element('div', { class: 'chat-body' }, this.empty, this.historyStatus.root, this.log, this.more),
      this.mode,
      this.notice,
      this.moderator.notice,
      this.questions.root,
      this.reactions.root,
      element(
        'div',
        { class: 'chat-writing' },
        this.reply,
        this.emojis.grid,
        this.joinForm,
        this.sendForm,
        element('div', { class: 'chat-foot' }, this.writer, this.moderator.link, rename),
      ),
      this.moderator.dialog,
    );
    cancel.addEventListener('click', () => {
      this.setReply(null);
      this.focusForm();
    });
    rename.addEventListener('click', () => {
      this.sender.leave();
      this.renderForms();
      this.name.focus();
    });
    this.more.addEventListener('click', () => this.scrollToEnd());
    this.log.addEventListener('scroll', () => {
      this.isFollowing = this.isAtEnd();
      if (this.isFollowing) this.hideMore();
    });
    // A poll above the messages leaves less room for them.
    new ResizeObserver(() => {
      if (this.isFollowing) this.scrollToEnd();
    }).observe(this.log);
    this.joinForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.join();
    });
    this.sendForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send();
    });
    // The keys of the player must not react to what is typed.
    for (const type of ['keydown', 'keyup'] as const) this.root.addEventListener(type, (event) => event.stopPropagation());
    this.name.value = this.sender.participant?.name ?? '';
    this.renderForms();
  }

  /** Shows and reads the newest messages or those at a position of the past, or hides the chat and stops reading. */
  setMode(mode: ChatMode): void {
    if (!isSameMode(mode, this.chatMode)) {
      const wasLive = this.isReadingLive;
      this.chatMode = mode;
      this.history?.stop();
      this.history = mode.kind === 'past' || mode.kind === 'replay' ? new ChatHistory(mode) : null;
      this.clear();
      this.root.classList.toggle('chat-replay', mode.kind === 'replay');
      window.clearInterval(this.timer);
      if (mode.kind !== 'none') this.timer = window.setInterval(() => this.keepFocus(() => this.showDue()), heldCheckMs);
      if (this.knowsUsers && this.isReadingLive && !wasLive) this.moderator.start();
      if (!this.isReadingLive && wasLive) this.moderator.stop();
      if (!this.isReadingLive) this.feed.stop();
      else if (mode.kind === 'live' || !wasLive) this.feed.restart();
    }
    setHidden(this.root, mode.kind === 'none' || this.history?.isAvailable === false);
  }

  private get isReadingLive(): boolean {
    return this.chatMode.kind === 'live' || this.chatMode.kind === 'past';
  }

  private clear(): void {
    this.held.clear();
    this.list.replaceChildren();
    this.rows.clear();
    this.names.clear();
  }

  private onNews(news: ChatNews): void {
    if (news.reset && this.history === null) this.clear();
    const messages = this.history ?? this.held;
    messages.add(news.messages, performance.now());
    const removed = new Set(news.removed);
    if (removed.size > 0) messages.remove(removed);
    for (const id of removed) this.removeRow(id);
    this.renderState(news.state);
    this.reactions.show(news.reactions);
    void this.loadQuestions(news.session, news.state.questions);
    this.showDue();
  }

  private renderState(state: ChatState): void {
    this.renderPinned(state.pinned);
    const modes = [
      ...(state.frozen ? [chatText.frozen] : []),
      ...(state.membersOnly && !state.frozen ? [chatText.membersOnly] : []),
      ...(state.slowSeconds > 0 && !state.frozen ? [chatText.slow(state.slowSeconds)] : []),
      ...(state.reviewed && !state.frozen ? [chatText.reviewed] : []),
    ];
    setHidden(this.mode, modes.length === 0);
    setText(this.mode, modes.join(' '));
    this.poll.render(state.poll);
    this.reactions.setEnabled(state.reactions && !state.frozen);
    this.questions.setEnabled(state.questions !== null);
  }

  /** Replaces the pinned message only when it has changed, so that its button keeps the focus. */
  private renderPinned(pinned: ChatMessage | null): void {
    this.pinnedMessage = pinned;
    const shown = JSON.stringify([pinned, this.moderator.isModerator]);
    if (shown === this.shownPinned) return;
    this.shownPinned = shown;
    setHidden(this.pinned, pinned === null);
    this.pinned.replaceChildren(
      ...(pinned === null
        ? []
        : [
            element('span', { class: 'chat-label' }, chatText.pinned),
            ...nameOf(pinned),
            ' ',
            element('span', { dir: 'auto' }, pinned.text),
            ...this.moderator.unpinButtons(),
          ]),
    );
  }

  /** Loads the questions when their version has changed. */
  private async loadQuestions(session: string, version: number | null): Promise<void> {
    if (version === null || version === this.questionsVersion) return;
    this.questionsVersion = version;
    const questions = await fetchQuestions(this.liveRoot, session, version);
    if (version === this.questionsVersion && questions !== null) this.questions.render(questions);
  }

  /** Whether the viewer has joined; says so if not. */
  private mayTakePart(): boolean {
    if (this.sender.participant !== null) return true;
    this.setNotice(chatText.joinFirst);
    this.name.focus();
    return false;
  }

  private async vote(poll: string, choice: number): Promise<void> {
    if (!this.mayTakePart()) return;
    const result = await this.sender.vote(poll, choice);
    this.report(result);
    if (result.kind === 'ok' || result.status === 403) this.poll.markVoted(poll);
  }

  private async ask(text: string): Promise<boolean> {
    if (!this.mayTakePart()) return false;
    const result = await this.sender.ask(text, this.position());
    if (!this.report(result)) return false;
    this.setNotice(result.kind === 'ok' && result.value.isHeld ? chatText.held : chatText.asked);
    return true;
  }

  /** Shows why a request was rejected. Returns whether it was accepted. */
  private report(result: Sent<unknown>): boolean {
    this.setNotice(result.kind === 'ok' ? '' : reasonOf(result));
    if (result.kind === 'rejected' && result.status === 401) this.renderForms();
    return result.kind === 'ok';
  }

  private showDue(): void {
    const [position, now] = [this.position(), performance.now()];
    const { reset, added: messages, removed } =
      this.history?.tick(position, now) ?? { reset: false, added: this.held.take(position, now), removed: [] };
    this.historyStatus.render(this.history?.state ?? null);
    if (reset) this.clear();
    for (const id of removed) this.removeRow(id);
    if (messages.length === 0) {
      this.renderEmpty();
      return;
    }
    const wasAtEnd = this.isAtEnd();
    const added = document.createDocumentFragment();
    for (const message of messages.slice(-maxShown)) {
      // The own message is there already.
      if (this.rows.has(message.id)) continue;
      const row = this.createRow(message);
      const later = this.firstAfter(message.id);
      this.rows.set(message.id, row);
      // A message that is shown again returns to its place.
      if (later === null) added.append(row);
      else later.before(row);
    }
    this.list.append(added);
    while (this.list.childElementCount > maxShown) this.removeOldest();
    this.renderEmpty();
    if (wasAtEnd || reset) this.scrollToEnd();
    else setHidden(this.more, false);
  }

  /** First row in the page with a later id; null for a new message. */
  private firstAfter(id: string): HTMLElement | null {
    let first: [id: string, row: HTMLElement] | null = null;
    for (const entry of this.rows) {
      if (entry[1].isConnected && isEarlier(id, entry[0]) && (first === null || isEarlier(entry[0], first[0]))) first = entry;
    }
    return first?.[1] ?? null;
  }

  private createRow(message: ChatMessage): HTMLElement {
    if (message.id !== '') this.names.set(message.id, message.name);
    const answer = element('button', { type: 'button', class: 'chat-link', 'aria-label': chatText.replyTo(message.name) }, '↩');
    answer.addEventListener('click', () => this.setReply(message.id));
    const buttons = message.id === '' ? [] : [...this.moderator.buttonsFor(message), answer];
    return createRow(message, {
      repliedTo: message.replyTo === null ? undefined : this.names.get(message.replyTo),
      ownName: this.sender.participant?.name ?? null,
      buttons: buttons.length === 0 ? [] : [element('span', { class: 'chat-answer' }, ...buttons)],
    });
  }

  private async join(): Promise<void> {
    const name = this.name.value.trim();
    if (name === '' || this.joinButton.disabled) return;
    this.joinButton.disabled = true;
    setText(this.joinButton, chatText.joining);
    const result = await this.sender.join(name);
    this.joinButton.disabled = false;
    setText(this.joinButton, chatText.join);
    this.setNotice(result.kind === 'ok' ? '' : reasonOf(result));
    this.renderForms();
    this.focusForm();
  }

  private async send(): Promise<void> {
    const text = replaceShortCodes(this.text.value.trim());
    const { participant } = this.sender;
    if (text === '' || participant === null || this.sendButton.disabled) return;
    this.sendButton.disabled = true;
    // Senders see their own message at once, also when others do not see it yet.
    const own: ChatMessage = {
      id: '',
      from: participant.from,
      name: participant.name,
      text,
      replyTo: this.replyId,
      time: 0,
      role: this.moderator.isModerator ? 'moderator' : null,
      isAnnouncement: false,
    };
    this.pending = this.createRow(own);
    this.pending.classList.add('chat-pending');
    this.pending.title = chatText.waiting;
    this.list.append(this.pending);
    setHidden(this.empty, true);
    this.scrollToEnd();
    const result = await this.sender.send(text, this.replyId, this.position());
    this.sendButton.disabled = false;
    if (result.kind === 'ok') {
      const { id, isHeld } = result.value;
      this.pending.removeAttribute('title');
      if (result.value.text !== null) {
        own.text = result.value.text;
        const changed = this.createRow(own);
        this.pending.replaceWith(changed);
        this.pending = changed;
      }
      if (isHeld) {
        // Others see it later. It then arrives like other messages.
        this.pending.append(' ', element('span', { class: 'chat-held' }, chatText.held));
      } else if (this.rows.has(id)) {
        this.pending.remove();
      } else {
        const stored = this.createRow({ ...own, id });
        this.pending.replaceWith(stored);
        this.rows.set(id, stored);
      }
      this.text.value = '';
      this.setReply(null);
      this.setNotice('');
    } else {
      this.pending.remove();
      this.setNotice(chatText.notSent(reasonOf(result)));
      this.renderEmpty();
    }
    this.pending = null;
    this.renderForms();
    this.focusForm();
  }

  private focusForm(): void {
    (this.sender.participant === null ? this.name : this.text).focus();
  }

  private renderForms(): void {
    const { participant } = this.sender;
    setHidden(this.joinForm, participant !== null);
    setHidden(this.sendForm, participant === null);
    setText(this.writer, participant === null ? '' : chatText.writingAs(participant.name));
    const rename = this.writer.parentElement?.lastElementChild;
    if (rename instanceof HTMLElement) setHidden(rename, participant === null || this.moderator.isUser);
  }

  private insert(emoji: string): void {
    const { selectionStart, selectionEnd } = this.text;
    this.text.setRangeText(emoji, selectionStart ?? this.text.value.length, selectionEnd ?? this.text.value.length, 'end');
    this.text.focus();
  }

  private setReply(id: string | null): void {
    this.replyId = id;
    setHidden(this.reply, id === null);
    setText(this.replyText, id === null ? '' : chatText.replyingTo(this.names.get(id) ?? ''));
    if (id !== null) this.focusForm();
  }

  private setNotice(text: string): void {
    setText(this.notice, text);
  }

  private renderEmpty(): void {
    setHidden(this.empty, this.history !== null || this.list.childElementCount > 0);
  }

  private removeRow(id: string): void {
    this.rows.get(id)?.remove();
    this.rows.delete(id);
  }

  private removeOldest(): void {
    const oldest = this.list.firstElementChild;
    if (oldest === null) return;
    oldest.remove();
    for (const [id, row] of this.rows) {
      if (row !== oldest) continue;
      this.rows.delete(id);
      this.names.delete(id);
      break;
    }
  }

  private isAtEnd(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
  }

  private scrollToEnd(): void {
    this.log.scrollTop = this.log.scrollHeight;
    this.hideMore();
  }

  private hideMore(): void {
    keepFocus(this.more, this.log, () => setHidden(this.more, true));
  }

  /** Moves the focus to the messages when the element with the focus disappears, such as a button of a removed message. */
  private keepFocus(change: () => void): void {
    keepFocus(this.root, this.log, change);
  }
}

/** Whether an id, `batch-position`, is before another. */
function isEarlier(id: string, other: string): boolean {
  const [batch = 0, position = 0] = id.split('-').map(Number);
  const [otherBatch = 0, otherPosition = 0] = other.split('-').map(Number);
  return batch < otherBatch || (batch === otherBatch && position < otherPosition);
}

function reasonOf(rejected: Extract<Sent<unknown>, { kind: 'rejected' }>): string {
  if (rejected.status === 0) return chatText.unreachable;
  if (rejected.retryAfter <= 0) return rejected.reason;
  return rejected.status === 429 ? chatText.tooFast(rejected.retryAfter) : `${rejected.reason} ${chatText.tryAgain(rejected.retryAfter)}`;
}
