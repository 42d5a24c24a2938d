import '../theme.css';
import '../colors.css';
import '../player/player.css';
import '../watch/watch.css';
import '../watch/around.css';
import './event.css';
import { playerText } from '../text';
import { watchText } from '../text/watch';
import { embedOptions } from '../player/address';
import { Awakening } from '../player/awakening';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { type PageParts, makePlayerPage } from '../player/page';
import type { PlayerView } from '../player/player';
import { ServerClock } from '../player/serverClock';
import { replayPlaylist } from '../watch/afterwards';
import { broadcastPosition } from '../watch/position';
import { ShareDialog } from '../watch/share';
import { EventCard } from './card';
import { eventAddress } from './eventAddress';
import { EventPoller } from './eventPoller';
import { type EventPhase, type EventStatus, eventPhase } from './eventStatus';

const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short' });
const hour = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
/** What still plays after the event's end is played out, for as long at most. */
const playOutMs = 15_000;

const root = document.documentElement;
const address = eventAddress(window.location.pathname, window.location.search);
const isEmbedded = address?.isEmbedded ?? window.location.pathname.includes('/embed/');
const clock = new ServerClock(address?.time ?? '/time');

const card = new EventCard();
const place = element('div', { class: 'event-place' }, card.root);
const title = element('h1', { class: 'title' });
const pillLabel = element('span');
const pill = element('span', { class: 'pill', hidden: true }, element('span', { class: 'dot', 'aria-hidden': 'true' }), pillLabel);
const when = element('time', { class: 'fact' });
const moved = element('p', { class: 'event-moved', role: 'status' });
const description = element('p', { class: 'event-description' });
const calendar = element('a', { class: 'button', href: address?.calendar ?? '', hidden: true }, watchText.event.calendar);
const channel = element('a', { class: 'button', href: '', hidden: true }, watchText.event.channel);

let player: PageParts | null = null;
let view: PlayerView | null = null;
let replay: string | null = null;
let overSince: number | null = null;
/** The page, not the viewer, stopped what played, and where it stood then. */
let stilled: 'live' | 'elsewhere' | null = null;
let knownStart: number | null = null;

const poller = address === null ? null : new EventPoller(address.status, () => clock.now(), onReport);
const awakening = new Awakening(wake, () => poller?.ask());
const share = new ShareDialog(
  () => poller?.known?.title ?? '',
  () => (view === null || player === null ? null : broadcastPosition(view, player.stage.player.video)),
);

if (isEmbedded) {
  root.dataset.embedded = 'true';
  document.getElementById('page')?.append(element('main', { class: 'embed' }, place));
} else {
  const brand = element('span', { class: 'brand' }, element('span', { class: 'brand-mark', 'aria-hidden': 'true' }), playerText.product);
  document.getElementById('page')?.append(
    element('header', { class: 'top' }, brand),
    element(
      'main',
      { class: 'watch' },
      place,
      element(
        'div',
        { class: 'about' },
        element('div', { class: 'about-main' }, title, element('div', { class: 'facts' }, pill, when), moved, description),
        element('div', { class: 'about-side' }, share.button, calendar, channel),
      ),
      share.dialog,
    ),
  );
}

void clock.synchronize();
poller?.ask();
window.setInterval(() => {
  // Timers of a page that nobody sees are slow without any sleep.
  if (awakening.tick() && !document.hidden) wake();
  draw();
}, 1000);
draw();

function onReport(): void {
  if (poller?.report.kind !== 'unreachable') clock.refresh();
  draw();
}

/** After sleep or a lost network: the clock that counts down may have stood still. */
function wake(): void {
  poller?.ask();
  void clock.synchronize();
}

function draw(): void {
  const report = poller?.report ?? { kind: 'notFound' as const };
  const known = poller?.known ?? null;
  const now = clock.now();
  const phase = eventPhase(report, known, now);
  if (root.dataset.event !== phase) root.dataset.event = phase;
  if (known !== null) drawAbout(known, phase);
  if (known !== null) perform(known, phase);

  const plays = player !== null && (phase === 'live' || phase === 'replay' || isPlayingOut(phase));
  // No link that opens nothing.
  setHidden(share.button, phase === 'notFound' || phase === 'denied');
  setHidden(card.root, plays);
  if (player !== null) setHidden(player.stage.root, !plays);
  if (!plays) {
    if (root.dataset.state !== 'offline') root.dataset.state = 'offline';
    const channelAddress = known === null ? null : address?.channel(known.channel) ?? null;
    card.draw(phase, report, known, channelAddress?.poster ?? null, now);
  }
}

/** Puts on the stage what belongs there. Only what is the event's own: what else the channel does is not for this page. */
function perform(known: EventStatus, phase: EventPhase): void {
  if (phase === 'live') {
    overSince = null;
    if (player === null) mount(known);
    else goOn(player);
    return;
  }

  if (phase === 'ended' || phase === 'replay') overSince ??= performance.now();
  if (phase === 'replay' && known.replay !== null && !isPlayingOut(phase)) {
    if (player === null) mount(known, known.replay.id);
    else if (replay === null) playReplay(player, known.replay.id);
    if (player?.stage.player.mode === 'replay') goOn(player);
    return;
  }

  // Nothing of the event is left, and the player would go on with whatever comes next on the channel.
  if (phase !== 'replay' && player !== null && !isPlayingOut(phase) && view?.wantsPlay === true) {
    const { player: playing } = player.stage;
    // A replay that was seen to its end does not begin again by itself.
    stilled = view.mode === 'live' ? (view.behindLive ? 'elsewhere' : 'live') : playing.video.ended ? null : 'elsewhere';
    playing.pause();
  }
}

/** What the page stopped goes on by itself; what the viewer stopped does not. */
function goOn(parts: PageParts): void {
  if (stilled === null) return;
  const wasLive = stilled === 'live' && replay === null;
  stilled = null;
  if (wasLive) parts.stage.player.goLive();
  else parts.stage.player.play();
}

/** Whether the broadcast is still on screen: viewers are some seconds behind its end, and who started over watches its recording already. */
function isPlayingOut(phase: EventPhase): boolean {
  if ((phase !== 'ended' && phase !== 'replay') || replay !== null || stilled !== null) return false;
  if (view?.mode === 'replay' && player?.stage.player.video.ended === false) return true;
  return view?.state === 'live' && overSince !== null && performance.now() - overSince < playOutMs;
}

function mount(known: EventStatus, recording: string | null = null): void {
  const channelAddress = address?.channel(known.channel) ?? null;
  if (channelAddress === null) return;
  const options = isEmbedded ? embedOptions(window.location.search) : { muted: false, autoplay: true };
  player = makePlayerPage(options, () => [], (drawn) => {
    view = drawn;
    document.title = playerText.pageTitle(poller?.known?.title ?? known.title);
  }, channelAddress);
  if (player === null) return;
  place.append(player.stage.root);
  // Known before it plays, so that it is not put there twice.
  replay = recording;
  const parts = player;
  void parts.stage.player.start().then(() => { if (recording !== null) playReplay(parts, recording); });
}

function playReplay(parts: PageParts, id: string): void {
  const url = replayPlaylist(parts.address.playlist, id);
  replay = id;
  if (url === null) return;
  root.dataset.showing = 'replay';
  // Who was at live has seen the end, and does not begin there.
  parts.stage.player.playReplay(url, stilled === 'live' ? { startAt: 0 } : {});
}

function drawAbout(known: EventStatus, phase: EventPhase): void {
  const text = watchText.event;
  if (player === null) document.title = playerText.pageTitle(known.title);
  setText(title, known.title);
  setText(description, known.description);
  setHidden(description, known.description === '');
  const labels: Partial<Record<EventPhase, string>> = { countdown: text.soon, late: text.soon, live: text.live, replay: text.replay, ended: text.ended, cancelled: text.cancelled };
  setHidden(pill, labels[phase] === undefined);
  setText(pillLabel, labels[phase] ?? '');
  setAttribute(pill, 'data-pill', phase === 'live' ? 'live' : phase === 'countdown' || phase === 'late' ? 'starting' : 'ended');
  setAttribute(when, 'datetime', known.startsAt.toISOString());
  setText(when, `${day.format(known.startsAt)} ${text.until(hour.format(known.endsAt))}`);
  setHidden(calendar, phase !== 'countdown' && phase !== 'late');
  const channelAddress = address?.channel(known.channel) ?? null;
  setHidden(channel, channelAddress === null);
  if (channelAddress !== null) setAttribute(channel, 'href', channelAddress.watchPage);

  const start = known.startsAt.getTime();
  if (knownStart !== null && knownStart !== start && phase === 'countdown') setText(moved, text.moved(day.format(known.startsAt)));
  knownStart = start;
}
