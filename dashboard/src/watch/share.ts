import { element, isOutside, setHidden, setText } from '../player/dom';
import { watchText } from '../text/watch';
import { type SharedPage, embedCode, shareUrl, sharedPaths } from './shareLinks';
import { formatTime } from './startTime';

const copiedMs = 2000;

/** The share button and its dialog: URL and embed code, with an optional start time. Neither contains a viewer token. */
export class ShareDialog {
  readonly button = element('button', { type: 'button', class: 'button share-open', 'aria-haspopup': 'dialog' }, watchText.share.open);
  readonly dialog: HTMLDialogElement;
  private readonly startTimeBox = element('input', { type: 'checkbox', id: 'share-time' });
  private readonly timeLabel = element('label', { for: 'share-time' });
  private readonly timeRow = element('p', { class: 'share-time', hidden: true }, this.startTimeBox, this.timeLabel);
  private readonly chatBox = element('input', { type: 'checkbox', id: 'share-chat' });
  private readonly chatRow = element(
    'p',
    { class: 'share-time', hidden: true },
    this.chatBox,
    element('label', { for: 'share-chat' }, watchText.share.withChat),
  );
  private readonly urlField = element('input', { type: 'text', id: 'share-url', readonly: true });
  private readonly embedField = element('textarea', { id: 'share-embed', readonly: true, rows: 5 });
  private readonly status = element('p', { class: 'share-status', role: 'status' });
  private readonly sendButton = element('button', { type: 'button', class: 'button', hidden: true }, watchText.share.send);
  private readonly title: () => string;
  private readonly position: () => number | null;
  private readonly hasChat: () => boolean;
  private startSeconds: number | null = null;
  private pressedOutside = false;

  /**
   * @param title Returns the title to share.
   * @param position Returns the position of the displayed frame in seconds of the broadcast; null if unknown.
   * @param hasChat Returns whether an embed can have a chat.
   */
  constructor(title: () => string, position: () => number | null, hasChat: () => boolean = () => false) {
    this.title = title;
    this.position = position;
    this.hasChat = hasChat;
    const close = element('button', { type: 'button', class: 'button share-close' }, watchText.share.close);
    const isGuarded = window.location.pathname.includes('/t/') || new URLSearchParams(window.location.search).has('token');
    this.dialog = element(
      'dialog',
      { class: 'share', 'aria-labelledby': 'share-title' },
      element('h2', { id: 'share-title' }, watchText.share.title),
      element('p', { class: 'share-private', hidden: !isGuarded }, watchText.share.private),
      element('label', { for: 'share-url' }, watchText.share.url),
      element('div', { class: 'share-row' }, this.urlField, this.createCopyButton(this.urlField, watchText.share.copyUrl)),
      element('label', { for: 'share-embed' }, watchText.share.embed),
      element('div', { class: 'share-row' }, this.embedField, this.createCopyButton(this.embedField, watchText.share.copyEmbed)),
      this.chatRow,
      this.timeRow,
      this.status,
      element('div', { class: 'share-actions' }, this.sendButton, close),
    );
    this.button.addEventListener('click', () => this.open());
    this.startTimeBox.addEventListener('change', () => this.updateFields());
    this.chatBox.addEventListener('change', () => this.updateFields());
    this.sendButton.addEventListener('click', () => void this.shareNatively());
    close.addEventListener('click', () => this.dialog.close());
    // Do not trigger the player's keys.
    this.dialog.addEventListener('keydown', (event) => event.stopPropagation());
    // Close on a click on the backdrop, unless it started inside: selecting text may end anywhere.
    this.dialog.addEventListener('pointerdown', (event) => {
      this.pressedOutside = event.target === this.dialog && isOutside(event, this.dialog.getBoundingClientRect());
    });
    this.dialog.addEventListener('click', (event) => {
      if (this.pressedOutside && event.target === this.dialog) this.dialog.close();
    });
  }

  private open(): void {
    const position = this.position();
    this.startSeconds = position === null || position < 1 ? null : position;
    setHidden(this.timeRow, this.startSeconds === null);
    if (this.startSeconds === null) this.startTimeBox.checked = false;
    else setText(this.timeLabel, watchText.share.withTime(formatTime(this.startSeconds)));
    setHidden(this.chatRow, !this.hasChat());
    if (this.chatRow.hidden) this.chatBox.checked = false;
    setHidden(this.sendButton, typeof navigator.share !== 'function');
    setText(this.status, '');
    this.updateFields();
    this.dialog.showModal();
    this.urlField.select();
  }

  private get shared(): SharedPage | null {
    const paths = sharedPaths(window.location.pathname);
    return paths === null ? null : { ...paths, origin: window.location.origin, title: this.title() };
  }

  private updateFields(): void {
    const { shared } = this;
    if (shared === null) return;
    const startSeconds = this.startTimeBox.checked ? this.startSeconds : null;
    this.urlField.value = shareUrl(shared, startSeconds);
    this.embedField.value = embedCode(shared, startSeconds, this.chatBox.checked);
  }

  private createCopyButton(from: HTMLInputElement | HTMLTextAreaElement, label: string): HTMLElement {
    const button = element('button', { type: 'button', class: 'button' }, label);
    button.addEventListener('click', () => {
      void this.copy(from).then((done) => {
        setText(this.status, done ? watchText.share.copied : watchText.share.notCopied);
        if (done) window.setTimeout(() => setText(this.status, ''), copiedMs);
      });
    });
    return button;
  }

  /** Without clipboard access, as over plain HTTP, the text is selected for copying by hand. */
  private async copy(from: HTMLInputElement | HTMLTextAreaElement): Promise<boolean> {
    from.focus();
    from.select();
    try {
      await navigator.clipboard.writeText(from.value);
      return true;
    } catch {
      return false;
    }
  }

  private async shareNatively(): Promise<void> {
    try {
      await navigator.share({ title: this.title(), url: this.urlField.value });
      this.dialog.close();
    } catch {
      // Cancelled by the viewer.
    }
  }
}
