import '../theme.css';
import '../colors.css';
import '../player/player.css';
import './watch.css';
import './around.css';
import { playerText } from '../text';
import { calledOr } from '../player/called';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { latencyText } from '../player/latency';
import { makePlayerPage, noChannelPage } from '../player/page';
import type { PlayerView } from '../player/player';
import { watchText } from '../text/watch';
import { AfterShow } from './afterShow';
import { broadcastPosition } from './position';
import { ShareDialog } from './share';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const clockAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
const title = element('h1', { class: 'title' });
const pillLabel = element('span');
const pill = element('span', { class: 'pill' }, element('span', { class: 'dot', 'aria-hidden': 'true' }), pillLabel);
const count = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const viewers = element('span', { class: 'fact', hidden: true });
const since = element('span', { class: 'fact' });
const latency = element('span', { class: 'fact latency-fact', title: playerText.latencyHint });
const keys = element('p', { class: 'keys' }, playerText.keys);

let latest: PlayerView | null = null;
let after: AfterShow | null = null;
const page = makePlayerPage({ muted: false, autoplay: true }, () => [], draw);
const share = new ShareDialog(() => title.textContent ?? '', position);
if (page !== null) {
  after = new AfterShow(page.stage.player, page.address);
  page.stage.root.append(after.root);
}

const brand = element('span', { class: 'brand' }, element('span', { class: 'brand-mark', 'aria-hidden': 'true' }), playerText.product);

document.getElementById('page')?.append(
  element('header', { class: 'top' }, brand),
  element(
    'main',
    { class: 'watch' },
    page?.stage.root ?? noChannelPage(),
    element(
      'div',
      { class: 'about', hidden: page === null },
      element('div', { class: 'about-main' }, title, element('div', { class: 'facts' }, pill, viewers, since, latency)),
      element('div', { class: 'about-side' }, share.button, keys),
    ),
    share.dialog,
  ),
);
void page?.stage.player.start();

function draw(view: PlayerView): void {
  latest = view;
  after?.draw(view);
  const isReplay = view.mode === 'replay';
  setText(title, (isReplay ? after?.playing : null) ?? view.broadcast?.title ?? calledOr(view.channel));
  setAttribute(pill, 'data-pill', isReplay ? 'ended' : view.state === 'live' && view.behindLive ? 'behind' : view.state);
  setText(pillLabel, isReplay ? watchText.replay.pill : view.state === 'live' && view.behindLive ? (view.wantsPlay ? playerText.behindLive : playerText.paused) : playerText.pill[view.state]);

  const watching = isReplay ? 0 : view.state === 'live' || view.state === 'reconnecting' ? view.broadcast?.viewers ?? 0 : 0;
  setHidden(viewers, watching === 0);
  if (watching > 0) setText(viewers, playerText.watching(count.format(watching)));
  const startedAt = isReplay ? null : view.state === 'live' || view.state === 'reconnecting' ? view.broadcast?.startedAt ?? null : null;
  setHidden(pill, view.reason === 'unknown');
  // Nothing that is not there, and no link that opens nothing.
  setHidden(share.button, view.reason === 'unknown' || view.reason === 'noToken' || view.reason === 'denied' || view.reason === 'expired');
  setHidden(keys, view.engine === null);
  setHidden(since, startedAt === null);
  if (startedAt !== null) setText(since, playerText.liveSince(sinceText(startedAt)));
  setHidden(latency, view.latency === null || isReplay);
  if (view.latency !== null) setText(latency, playerText.latencySentence(latencyText(view.latency)));
}

function position(): number | null {
  return latest === null || page === null ? null : broadcastPosition(latest, page.stage.player.video);
}

function sinceText(startedAt: Date): string {
  const today = startedAt.toDateString() === new Date().toDateString();
  return (today ? clock : clockAndDay).format(startedAt);
}
