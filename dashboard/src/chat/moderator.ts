import { element, setHidden, setText } from '../player/dom';
import { moderationText } from '../text/chat';
import type { ChatMessage } from './chatFeed';
import type { Participant } from './chatSender';
import { keepFocus } from './keepFocus';
import { ModeratorApi, type ModeratorRequest } from './moderatorApi';
import { ModeratorDialog } from './moderatorDialog';

/** Tokens of users are valid for 10 minutes. */
const renewMs = 5 * 60_000;

/** The user who is logged in at the dashboard, if any: writes as this user, and moderates if the role permits it. */
export class Moderator {
  readonly dialog: HTMLElement;
  readonly notice = element('p', { class: 'chat-notice', role: 'status', hidden: true, tabindex: '-1' });
  readonly link: HTMLAnchorElement;
  isUser = false;
  isModerator = false;
  private readonly api: ModeratorApi;
  private readonly actions: ModeratorDialog;
  private readonly onUser: (participant: Participant) => void;
  private readonly buttons = new Set<WeakRef<HTMLElement>>();
  private timer: number | undefined;

  /** @param onUser called with the participation of the user, and again when its token is renewed */
  constructor(channel: string, onUser: (participant: Participant) => void) {
    this.api = new ModeratorApi(channel);
    this.onUser = onUser;
    this.actions = new ModeratorDialog((request, label) => void this.act(request, label));
    this.dialog = this.actions.dialog;
    this.link = element('a', { class: 'chat-link', href: `/dashboard/channels/${encodeURIComponent(channel)}#chat`, hidden: true },
      moderationText.dashboard);
  }

  /** Begins to take part as the user who is logged in. */
  start(): void {
    if (!ModeratorApi.mayBeLoggedIn) return;
    void this.renew();
    this.timer = window.setInterval(() => void this.renew(), renewMs);
  }

  stop(): void {
    window.clearInterval(this.timer);
  }

  /** Button that opens the actions on a message. Hidden until the user is known to be a moderator. */
  buttonsFor(message: ChatMessage): HTMLElement[] {
    if (!ModeratorApi.mayBeLoggedIn) return [];
    const button = element(
      'button',
      { type: 'button', class: 'chat-link', 'aria-label': moderationText.open(message.name), hidden: !this.isModerator },
      '⋯',
    );
    button.addEventListener('click', () => this.actions.open(message));
    if (!this.isModerator) this.buttons.add(new WeakRef(button));
    return [button];
  }

  /** Button that unpins the pinned message. */
  unpinButtons(): (HTMLElement | string)[] {
    if (!this.isModerator) return [];
    const button = element('button', { type: 'button', class: 'chat-link' }, moderationText.unpin);
    button.addEventListener('click', () => void this.act({ action: 'unpin' }, moderationText.unpin));
    return [' ', button];
  }

  private async renew(): Promise<void> {
    const result = await this.api.token();
    if (result.kind === 'failed') {
      if (result.status === 401 || result.status === 403) this.setRole(false, false);
      return;
    }
    const { token, name, from, isModerator } = result.value;
    this.setRole(true, isModerator);
    this.onUser({ token, name, from });
  }

  private setRole(isUser: boolean, isModerator: boolean): void {
    this.isUser = isUser;
    this.isModerator = isModerator;
    setHidden(this.link, !isModerator);
    if (!isModerator) return;
    for (const button of this.buttons) {
      const known = button.deref();
      if (known !== undefined) setHidden(known, false);
    }
    this.buttons.clear();
  }

  private async act(request: ModeratorRequest, label: string): Promise<void> {
    const result = await this.api.act(request);
    if (result.kind === 'failed') {
      this.show(result.reason === '' ? moderationText.failed : result.reason);
      return;
    }
    const undo = element('button', { type: 'button', class: 'chat-link' }, moderationText.undo);
    undo.addEventListener('click', () => void this.undo(result.value));
    this.show(moderationText.done(label), undo);
  }

  private async undo(id: string): Promise<void> {
    const result = await this.api.undo(id);
    this.show(result.kind === 'ok' ? moderationText.undone : result.reason === '' ? moderationText.failed : result.reason);
  }

  private show(text: string, ...buttons: HTMLElement[]): void {
    keepFocus(this.notice, this.notice, () => {
      setText(this.notice, text);
      if (buttons.length > 0) this.notice.append(' ', ...buttons);
      setHidden(this.notice, false);
    });
  }
}
