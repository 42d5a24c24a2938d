import { element } from '../player/dom';
import { chatText } from '../text/chat';
import type { ChatMessage } from './chatFeed';

const colors = 8;

/** Parts of a row that depend on the reader. */
export interface RowOptions {
  /** Name of the participant to whom the message replies. */
  repliedTo: string | undefined;
  /** Displayed name of the reader, whose mentions are marked. */
  ownName: string | null;
  /** Buttons after the text. */
  buttons: readonly HTMLElement[];
}

/** Creates the row of a message. Name and text are displayed as text, never as HTML. */
export function createRow(message: ChatMessage, options: RowOptions): HTMLElement {
  const classes = ['chat-row'];
  if (message.isAnnouncement) classes.push('chat-announcement');
  if (options.ownName !== null && mentions(message.text, options.ownName)) classes.push('chat-mention');
  return element(
    'li',
    { class: classes.join(' ') },
    ...(message.isAnnouncement ? [element('span', { class: 'chat-label' }, chatText.announcement)] : []),
    ...(options.repliedTo === undefined ? [] : [element('span', { class: 'chat-replied' }, chatText.replyingTo(options.repliedTo))]),
    ...nameOf(message),
    ' ',
    element('span', { class: 'chat-text', dir: 'auto' }, message.text),
    ...options.buttons,
  );
}

/** Name of the sender, with the mark of moderators. */
export function nameOf(message: Pick<ChatMessage, 'from' | 'name' | 'role'>): (Node | string)[] {
  const name = element('span', { class: `chat-name chat-color-${colorOf(message.from)}`, dir: 'auto' }, message.name);
  return message.role === 'moderator' ? [name, ' ', element('span', { class: 'chat-badge' }, chatText.moderator)] : [name];
}

/** Whether a text has `@name`, not followed by more letters. */
export function mentions(text: string, name: string): boolean {
  const [lower, searched] = [text.toLowerCase(), `@${name.toLowerCase()}`];
  for (let at = lower.indexOf(searched); at >= 0; at = lower.indexOf(searched, at + 1)) {
    const next = lower.slice(at + searched.length);
    if (!/^[\p{L}\p{N}_]/u.test(next)) return true;
  }
  return false;
}

/** Color of a participant, by the public id. */
function colorOf(from: string): number {
  return (Number.parseInt(from.slice(-4), 16) || 0) % colors;
}
