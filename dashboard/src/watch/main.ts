import '../theme.css';
import '../colors.css';
import '../player/player.css';
import './watch.css';
import './viewerPage.css';
import { playerText } from '../text';
import { PageChat } from '../chat/pageChat';
import { pageTitle } from '../player/pageTitle';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { latencyText } from '../player/latency';
import { createPlayerPage, createNoChannelPage } from '../player/page';
import type { PlayerView } from '../player/player';
import { watchText } from '../text/watch';
import { PostShow } from './postShow';
import { broadcastPosition } from './position';
import { ShareDialog } from './share';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const clockAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
const title = element('h1', { class: 'title' });
const pillLabel = element('span');
const pill = element('span', { class: 'pill' }, element('span', { class: 'dot', 'aria-hidden': 'true' }), pillLabel);
const compactNumber = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const viewers = element('span', { class: 'fact', hidden: true });
const startedLabel = element('span', { class: 'fact' });
const latency = element('span', { class: 'fact latency-fact', title: playerText.latencyHint });
const keys = element('p', { class: 'keyboard-hint' }, playerText.keys);

let latest: PlayerView | null = null;
let postShow: PostShow | null = null;
const page = createPlayerPage({ muted: false, autoplay: true }, () => [], render);
const share = new ShareDialog(() => title.textContent ?? '', sharePosition, () => latest?.channelStatus?.chat === true);
if (page !== null) {
  postShow = new PostShow(page.stage.player, page.urls);
  page.stage.root.append(postShow.root);
}

const chat =
  page === null ? null : new PageChat(page, (isShown) => chat?.root.parentElement?.classList.toggle('has-chat', isShown));

const brand = element('span', { class: 'brand' }, element('span', { class: 'brand-mark', 'aria-hidden': 'true' }), playerText.product);

document
  .getElementById('page')
  ?.append(
    element('header', { class: 'page-header' }, brand),
    element(
      'main',
      { class: 'watch' },
      page?.stage.root ?? createNoChannelPage(),
      element(
        'div',
        { class: 'about', hidden: page === null },
        element('div', { class: 'about-main' }, title, element('div', { class: 'facts' }, pill, viewers, startedLabel, latency)),
        element('div', { class: 'about-side' }, share.button, ...(chat === null ? [] : [chat.showButton]), keys),
      ),
      ...(chat === null ? [] : [chat.root]),
      share.dialog,
    ),
  );
void page?.stage.player.start();

function render(view: PlayerView): void {
  latest = view;
  postShow?.render(view);
  const isReplay = view.mode === 'replay';
  setText(title, (isReplay ? postShow?.replayTitle : null) ?? view.channelStatus?.title ?? pageTitle(view.channel));
  setAttribute(pill, 'data-pill', isReplay ? 'ended' : view.state === 'live' && view.behindLive ? 'behind' : view.state);
  setText(
    pillLabel,
    isReplay
      ? watchText.replay.pill
      : view.state === 'live' && view.behindLive
        ? view.wantsPlay
          ? playerText.behindLive
          : playerText.paused
        : playerText.pill[view.state],
  );

  const viewerCount = isReplay ? 0 : view.state === 'live' || view.state === 'reconnecting' ? (view.channelStatus?.viewers ?? 0) : 0;
  setHidden(viewers, viewerCount === 0);
  if (viewerCount > 0) setText(viewers, playerText.watching(compactNumber.format(viewerCount)));
  const startedAt = isReplay
    ? null
    : view.state === 'live' || view.state === 'reconnecting'
      ? (view.channelStatus?.startedAt ?? null)
      : null;
  chat?.render(view);
  setHidden(pill, view.reason === 'unknown');
  // Hide what is unknown, and sharing of pages that cannot be opened.
  setHidden(share.button, view.reason === 'unknown' || view.reason === 'noToken' || view.reason === 'denied' || view.reason === 'expired');
  setHidden(keys, view.engine === null);
  setHidden(startedLabel, startedAt === null);
  if (startedAt !== null) setText(startedLabel, playerText.liveSince(startTimeText(startedAt)));
  setHidden(latency, view.latency === null || isReplay);
  if (view.latency !== null) setText(latency, playerText.latencySentence(latencyText(view.latency)));
}

function sharePosition(): number | null {
  return latest === null || page === null ? null : broadcastPosition(latest, page.stage.player.video);
}

function startTimeText(startedAt: Date): string {
  const isToday = startedAt.toDateString() === new Date().toDateString();
  return (isToday ? clock : clockAndDay).format(startedAt);
}
