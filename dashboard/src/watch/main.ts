import '../theme.css';
import '../player/player.css';
import './watch.css';
import { playerText } from '../text';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { latencyText } from '../player/latency';
import { makePlayerPage, noChannelPage } from '../player/page';
import type { PlayerView } from '../player/player';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const clockAndDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' });
const title = element('h1', { class: 'title' });
const pillLabel = element('span');
const pill = element('span', { class: 'pill' }, element('span', { class: 'dot', 'aria-hidden': 'true' }), pillLabel);
const since = element('span', { class: 'fact' });
const latency = element('span', { class: 'fact latency-fact', title: playerText.latencyHint });
const keys = element('p', { class: 'keys' }, playerText.keys);

const page = makePlayerPage({ muted: false, autoplay: true }, () => [], draw);
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
      element('div', { class: 'about-main' }, title, element('div', { class: 'facts' }, pill, since, latency)),
      keys,
    ),
  ),
);
void page?.stage.player.start();

function draw(view: PlayerView): void {
  setText(title, view.broadcast?.title ?? view.channel);
  setAttribute(pill, 'data-pill', view.state === 'live' && view.behindLive ? 'behind' : view.state);
  setText(pillLabel, view.state === 'live' && view.behindLive ? playerText.behindLive : playerText.pill[view.state]);

  const startedAt = view.state === 'live' || view.state === 'reconnecting' ? view.broadcast?.startedAt ?? null : null;
  setHidden(since, startedAt === null);
  if (startedAt !== null) setText(since, playerText.liveSince(sinceText(startedAt)));
  setHidden(latency, view.latency === null);
  if (view.latency !== null) setText(latency, playerText.latencySentence(latencyText(view.latency)));
}

function sinceText(startedAt: Date): string {
  const today = startedAt.toDateString() === new Date().toDateString();
  return (today ? clock : clockAndDay).format(startedAt);
}
