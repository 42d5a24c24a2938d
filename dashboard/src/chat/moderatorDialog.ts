import { element, setHidden, setText } from '../player/dom';
import { moderationText } from '../text/chat';
import type { ChatMessage } from './chatFeed';
import type { ModeratorAction, ModeratorRequest } from './moderatorApi';

const actions: readonly ModeratorAction[] = ['remove', 'timeout', 'ban', 'mute', 'pin'];

/** Dialog with the actions of a moderator on one message. */
export class ModeratorDialog {
  readonly dialog: HTMLDialogElement;
  private readonly message = element('p', { class: 'chat-dialog-message', dir: 'auto' });
  private readonly radios: Record<string, HTMLInputElement> = {};
  private readonly duration = element(
    'select',
    { class: 'chat-input' },
    ...moderationText.durations.map(([seconds, label]) => element('option', { value: seconds, selected: seconds === 600 }, label)),
  );
  private readonly durationRow = element('label', { class: 'chat-dialog-row', hidden: true }, moderationText.duration, this.duration);
  private readonly network = element('input', { type: 'checkbox' });
  private readonly networkRow = element('label', { class: 'chat-dialog-choice', hidden: true }, this.network, ' ', moderationText.network);
  private readonly reason = element('input', { class: 'chat-input', maxlength: '300', autocomplete: 'off' });
  private readonly onApply: (request: ModeratorRequest, label: string) => void;
  private target: ChatMessage | null = null;

  constructor(onApply: (request: ModeratorRequest, label: string) => void) {
    this.onApply = onApply;
    const choices = actions.map((action) => {
      const radio = element('input', { type: 'radio', name: 'chat-action', value: action });
      radio.addEventListener('change', () => this.render());
      this.radios[action] = radio;
      return element('label', { class: 'chat-dialog-choice' }, radio, ' ', labelOf(action));
    });
    const cancel = element('button', { type: 'button', class: 'chat-link' }, moderationText.cancel);
    const apply = element('button', { type: 'submit', class: 'chat-button' }, moderationText.apply);
    const form = element(
      'form',
      { class: 'chat-dialog-form', method: 'dialog' },
      element('h2', { class: 'chat-dialog-title', id: 'chat-dialog-title' }, moderationText.title),
      this.message,
      element('fieldset', { class: 'chat-dialog-choices' }, element('legend', { class: 'chat-dialog-legend' }, moderationText.action),
        ...choices),
      this.durationRow,
      this.networkRow,
      element('label', { class: 'chat-dialog-row' }, moderationText.reason, this.reason),
      element('div', { class: 'chat-dialog-buttons' }, cancel, apply),
    );
    this.dialog = element('dialog', { class: 'chat-dialog', 'aria-labelledby': 'chat-dialog-title' }, form);
    cancel.addEventListener('click', () => this.dialog.close());
    form.addEventListener('submit', () => this.apply());
    for (const type of ['keydown', 'keyup'] as const) this.dialog.addEventListener(type, (event) => event.stopPropagation());
  }

  open(message: ChatMessage): void {
    this.target = message;
    setText(this.message, moderationText.messageOf(message.name, message.text));
    for (const [action, radio] of Object.entries(this.radios)) radio.checked = action === 'remove';
    this.reason.value = '';
    this.network.checked = false;
    this.render();
    this.dialog.showModal();
  }

  private get chosen(): ModeratorAction {
    return actions.find((action) => this.radios[action]?.checked === true) ?? 'remove';
  }

  private render(): void {
    setHidden(this.durationRow, this.chosen !== 'timeout');
    setHidden(this.networkRow, this.chosen !== 'ban');
  }

  private apply(): void {
    if (this.target === null) return;
    const action = this.chosen;
    const reason = this.reason.value.trim();
    this.onApply(
      {
        action,
        message: this.target.id,
        ...(action === 'timeout' ? { seconds: Number(this.duration.value) } : {}),
        ...(action === 'ban' && this.network.checked ? { network: true } : {}),
        ...(reason === '' ? {} : { reason }),
      },
      labelOf(action),
    );
  }
}

function labelOf(action: ModeratorAction): string {
  return moderationText[action];
}
