import '../theme.css';
import '../colors.css';
import './chatPage.css';
import { ChatPanel } from '../chat/chatPanel';
import type { ChatMode } from '../chat/chatMode';
import { type Report } from '../player/channelStatus';
import { chatPageUrls } from '../player/channelUrls';
import { element, setHidden, setText } from '../player/dom';
import { StatusPoller } from '../player/statusPoller';
import { chatText } from '../text/chat';
import { chatPagePhase } from './chatPagePhase';

const urls = chatPageUrls(window.location.pathname, window.location.search);
// A page of another site can frame an embed: a click there must not moderate.
const isEmbedded = /\/embed\/[^/]+\/chat\/?$/.test(window.location.pathname);
const message = element('p', { class: 'chat-page-message', role: 'status' }, chatText.page.loading);
const main = element('main', { class: 'chat-page' }, message);
let mode: ChatMode = { kind: 'none' };

if (urls === null) {
  setText(message, chatText.page.noChannel);
} else {
  // Without a player, messages are shown at once.
  const panel = new ChatPanel(urls, () => null, { knowsUsers: !isEmbedded });
  main.append(panel.root);
  const poller = new StatusPoller(urls.status, () => mode.kind === 'live', (report) => render(panel, report));
  document.title = chatText.page.title(urls.channel);
  poller.poll();
}
document.getElementById('page')?.append(main);

function render(panel: ChatPanel, report: Report): void {
  const phase = chatPagePhase(report, mode.kind === 'live');
  const title = report.kind === 'answer' ? report.channelStatus.title : null;
  if (urls !== null) document.title = chatText.page.title(title ?? urls.channel);
  mode = phase === 'live' ? { kind: 'live' } : { kind: 'none' };
  panel.setMode(mode);
  setHidden(message, phase === 'live');
  setText(message, phase === 'live' ? '' : chatText.page[phase]);
}
