import { element, isBeside, setHidden, setText } from '../player/dom';
import { watchText } from '../text/watch';
import { type Shared, embedCode, sharedAddress, sharedPage } from './shareLinks';
import { clockOf } from './startTime';

const copiedMs = 2000;

/** A button, and the dialog that it opens: address and embed code, with a start time where there is one to tell. Nothing that lets in a single person is in them. */
export class ShareDialog {
  readonly button = element('button', { type: 'button', class: 'button share-open', 'aria-haspopup': 'dialog' }, watchText.share.open);
  readonly dialog: HTMLDialogElement;
  private readonly withTime = element('input', { type: 'checkbox', id: 'share-time' });
  private readonly timeLabel = element('label', { for: 'share-time' });
  private readonly timeRow = element('p', { class: 'share-time', hidden: true }, this.withTime, this.timeLabel);
  private readonly address = element('input', { type: 'text', id: 'share-address', readonly: true });
  private readonly embed = element('textarea', { id: 'share-embed', readonly: true, rows: 5 });
  private readonly said = element('p', { class: 'share-said', role: 'status' });
  private readonly send = element('button', { type: 'button', class: 'button', hidden: true }, watchText.share.send);
  private readonly title: () => string;
  private readonly position: () => number | null;
  private at: number | null = null;
  private pressedBeside = false;

  /**
   * @param title What is shared is called.
   * @param position Seconds from the start of the broadcast to the picture on screen; null where there is none.
   */
  constructor(title: () => string, position: () => number | null) {
    this.title = title;
    this.position = position;
    const close = element('button', { type: 'button', class: 'button share-close' }, watchText.share.close);
    const isGuarded = window.location.pathname.includes('/t/') || new URLSearchParams(window.location.search).has('token');
    this.dialog = element(
      'dialog',
      { class: 'share', 'aria-labelledby': 'share-title' },
      element('h2', { id: 'share-title' }, watchText.share.title),
      element('p', { class: 'share-private', hidden: !isGuarded }, watchText.share.private),
      element('label', { for: 'share-address' }, watchText.share.address),
      element('div', { class: 'share-row' }, this.address, this.copyButton(this.address, watchText.share.copyAddress)),
      element('label', { for: 'share-embed' }, watchText.share.embed),
      element('div', { class: 'share-row' }, this.embed, this.copyButton(this.embed, watchText.share.copyEmbed)),
      this.timeRow,
      this.said,
      element('div', { class: 'share-actions' }, this.send, close),
    );
    this.button.addEventListener('click', () => this.open());
    this.withTime.addEventListener('change', () => this.write());
    this.send.addEventListener('click', () => void this.sendOn());
    close.addEventListener('click', () => this.dialog.close());
    // The player's keys are not for who writes or ticks here.
    this.dialog.addEventListener('keydown', (event) => event.stopPropagation());
    // A click beside it. Not one that began in it: who marks a text may let go of it anywhere.
    this.dialog.addEventListener('pointerdown', (event) => { this.pressedBeside = event.target === this.dialog && isBeside(event, this.dialog.getBoundingClientRect()); });
    this.dialog.addEventListener('click', (event) => { if (this.pressedBeside && event.target === this.dialog) this.dialog.close(); });
  }

  private open(): void {
    const position = this.position();
    this.at = position === null || position < 1 ? null : position;
    setHidden(this.timeRow, this.at === null);
    if (this.at === null) this.withTime.checked = false;
    else setText(this.timeLabel, watchText.share.withTime(clockOf(this.at)));
    setHidden(this.send, typeof navigator.share !== 'function');
    setText(this.said, '');
    this.write();
    this.dialog.showModal();
    this.address.select();
  }

  private get shared(): Shared | null {
    const paths = sharedPage(window.location.pathname);
    return paths === null ? null : { ...paths, origin: window.location.origin, title: this.title() };
  }

  private write(): void {
    const { shared } = this;
    if (shared === null) return;
    const at = this.withTime.checked ? this.at : null;
    this.address.value = sharedAddress(shared, at);
    this.embed.value = embedCode(shared, at);
  }

  private copyButton(from: HTMLInputElement | HTMLTextAreaElement, label: string): HTMLElement {
    const button = element('button', { type: 'button', class: 'button' }, label);
    button.addEventListener('click', () => {
      void this.copy(from).then((done) => {
        setText(this.said, done ? watchText.share.copied : watchText.share.notCopied);
        if (done) window.setTimeout(() => setText(this.said, ''), copiedMs);
      });
    });
    return button;
  }

  /** Where the page may not write to the clipboard, as over plain HTTP, the text is marked, for the viewer's own keys. */
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

  private async sendOn(): Promise<void> {
    try {
      await navigator.share({ title: this.title(), url: this.address.value });
      this.dialog.close();
    } catch {
      // The viewer thought better of it.
    }
  }
}
