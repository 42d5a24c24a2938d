import '../theme.css';
import '../player/player.css';
import './embed.css';
import { playerText } from '../text';
import { embedOptions } from '../player/address';
import { element, setLabel } from '../player/dom';
import { icon } from '../player/icons';
import { makePlayerPage, noChannelPage } from '../player/page';
import { AfterShow } from '../watch/afterShow';
import '../watch/around.css';

let after: AfterShow | null = null;
const page = makePlayerPage(
  embedOptions(window.location.search),
  (address) => {
    const link = element('a', { class: 'control', href: address.watchPage, target: '_blank', rel: 'noopener' }, icon('outside'));
    setLabel(link, playerText.openWatchPage);
    return [link];
  },
  (view) => after?.draw(view),
);
if (page !== null) {
  after = new AfterShow(page.stage.player, page.address);
  page.stage.root.append(after.root);
}

document.getElementById('page')?.append(element('main', { class: 'embed' }, page?.stage.root ?? noChannelPage()));
void page?.stage.player.start();
