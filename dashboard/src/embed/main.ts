import '../theme.css';
import '../player/player.css';
import './embed.css';
import { playerText } from '../text';
import { embedOptions } from '../player/channelUrls';
import { element, setLabel } from '../player/dom';
import { icon } from '../player/icons';
import { createPlayerPage, createNoChannelPage } from '../player/page';
import { PostShow } from '../watch/postShow';
import '../watch/viewerPage.css';

let postShow: PostShow | null = null;
const page = createPlayerPage(
  embedOptions(window.location.search),
  (urls) => {
    const link = element('a', { class: 'control', href: urls.watchPage, target: '_blank', rel: 'noopener' }, icon('outside'));
    setLabel(link, playerText.openWatchPage);
    return [link];
  },
  (view) => postShow?.render(view),
);
if (page !== null) {
  postShow = new PostShow(page.stage.player, page.urls);
  page.stage.root.append(postShow.root);
}

document.getElementById('page')?.append(element('main', { class: 'embed' }, page?.stage.root ?? createNoChannelPage()));
void page?.stage.player.start();
