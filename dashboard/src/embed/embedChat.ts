import '../colors.css';
import './embedChat.css';
import { PageChat } from '../chat/pageChat';
import type { PlayerPage } from '../player/page';

/** Adds the chat beside the player of an embed, or below it where the frame is narrow. */
export function addEmbedChat(page: PlayerPage, container: HTMLElement): PageChat {
  // Another site can frame the page: a click there must not moderate.
  const chat = new PageChat(page, (isShown) => container.classList.toggle('has-chat', isShown), { isEmbedded: true });
  container.append(chat.root, chat.showButton);
  return chat;
}
