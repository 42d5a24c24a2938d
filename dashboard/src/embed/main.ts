import '../theme.css';
import '../player/player.css';
import './embed.css';
import { playerText } from '../text';
import { embedOptions } from '../player/channelUrls';
import type { PageChat } from '../chat/pageChat';
import { element, setLabel } from '../player/dom';
import { icon } from '../player/icons';
import { createPlayerPage, createNoChannelPage } from '../player/page';
import type { PlayerView } from '../player/view';
import { PostShow } from '../watch/postShow';
import '../watch/viewerPage.css';

const options = embedOptions(window.location.search);
let postShow: PostShow | null = null;
let chat: PageChat | null = null;
let latest: PlayerView | null = null;
const page = createPlayerPage(
  options,
  (urls) => {
    const link = element('a', { class: 'control', href: urls.watchPage, target: '_blank', rel: 'noopener' }, icon('outside'));
    setLabel(link, playerText.openWatchPage);
    return [link];
  },
  (view) => {
    latest = view;
    postShow?.render(view);
    chat?.render(view);
  },
);
if (page !== null) {
  postShow = new PostShow(page.stage.player, page.urls);
  page.stage.root.append(postShow.root);
}

const main = element('main', { class: 'embed' }, page?.stage.root ?? createNoChannelPage());
document.getElementById('page')?.append(main);
void page?.stage.player.start();

if (page !== null && options.chat === true) {
  // Not part of embeds without chat.
  void import('./embedChat').then(({ addEmbedChat }) => {
    chat = addEmbedChat(page, main);
    chat.render(latest);
  });
}
