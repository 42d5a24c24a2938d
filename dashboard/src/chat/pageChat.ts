import { element, setHidden } from '../player/dom';
import type { PlayerPage } from '../player/page';
import type { PlayerView } from '../player/view';
import { chatText } from '../text/chat';
import { type ChatMode, chatMode } from './chatMode';
import { ChatPanel } from './chatPanel';

const storageKey = 'broadcast.chat';
const hiddenValue = 'hidden';
const popupFeatures = 'popup,width=420,height=760';

/** The chat of a page with a player: follows the position of the player. Viewers can hide it, and open it in a window of its own. */
export class PageChat {
  readonly root: HTMLElement;
  /** Button that shows the chat again; visible while it is hidden. */
  readonly showButton = element('button', { type: 'button', class: 'button chat-show', hidden: true }, chatText.show);
  private readonly page: PlayerPage;
  private readonly panel: ChatPanel;
  private latest: PlayerView | null = null;
  private mode: ChatMode = { kind: 'none' };
  private isHidden = readHidden();
  private readonly onLayout: (isShown: boolean) => void;

  /**
   * @param onLayout called when the chat appears or disappears
   * @param isEmbedded whether pages of other sites can frame the page
   */
  constructor(page: PlayerPage, onLayout: (isShown: boolean) => void, { isEmbedded } = { isEmbedded: false }) {
    this.page = page;
    this.onLayout = onLayout;
    const popOut = element('a', { class: 'chat-link', href: page.urls.chatPage, target: '_blank', rel: 'noopener' }, chatText.popOut);
    const hide = element('button', { type: 'button', class: 'chat-link' }, chatText.hide);
    this.panel = new ChatPanel(page.urls, () => this.latest?.engine?.frameDate?.getTime() ?? null, {
      actions: [popOut, hide],
      knowsUsers: !isEmbedded,
    });
    this.root = this.panel.root;
    popOut.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      // Without a window, because the browser blocks it, the link opens a tab.
      if (window.open(page.urls.chatPage, '_blank', popupFeatures) !== null) event.preventDefault();
    });
    hide.addEventListener('click', () => {
      this.setHiddenByViewer(true);
      this.showButton.focus();
    });
    this.showButton.addEventListener('click', () => {
      this.setHiddenByViewer(false);
      hide.focus();
    });
  }

  /** Follows the player. Without a view, no chat is shown. */
  render(view: PlayerView | null): void {
    this.latest = view;
    this.mode =
      view === null
        ? { kind: 'none' }
        : chatMode(
            {
              liveRoot: this.page.urls.chat.live,
              recording: view.mode === 'replay' ? this.page.stage.player.playlist : null,
              hasChat: view.channelStatus?.chat === true,
              session: view.channelStatus?.session ?? null,
              startedAt: view.channelStatus?.startedAt ?? null,
              // Before the first frame, the position says nothing.
              secondsToLive: view.engine === null ? null : view.behindLive ? view.secondsToLive : 0,
            },
            this.mode,
          );
    this.apply();
  }

  private setHiddenByViewer(isHidden: boolean): void {
    this.isHidden = isHidden;
    storeHidden(isHidden);
    this.apply();
  }

  private apply(): void {
    this.panel.setMode(this.isHidden ? { kind: 'none' } : this.mode);
    setHidden(this.showButton, !this.isHidden || this.mode.kind === 'none');
    this.onLayout(!this.root.hidden);
  }
}

function readHidden(): boolean {
  try {
    return window.localStorage.getItem(storageKey) === hiddenValue;
  } catch {
    // Storage can be disabled, as in frames of other sites.
    return false;
  }
}

function storeHidden(isHidden: boolean): void {
  try {
    if (isHidden) window.localStorage.setItem(storageKey, hiddenValue);
    else window.localStorage.removeItem(storageKey);
  } catch {
    // The choice then ends with the page.
  }
}
