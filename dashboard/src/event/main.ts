import '../theme.css';
import '../colors.css';
import '../player/player.css';
import '../watch/watch.css';
import '../watch/viewerPage.css';
import './event.css';
import { playerText } from '../text';
import { eventText } from '../text/watch';
import { embedOptions } from '../player/channelUrls';
import { PageChat } from '../chat/pageChat';
import { WakeDetector } from '../player/wakeDetector';
import { element, setAttribute, setHidden, setText } from '../player/dom';
import { type PlayerPage, createPlayerPage } from '../player/page';
import type { PlayerView } from '../player/player';
import { ServerClock } from '../player/serverClock';
import { replayPlaylist } from '../watch/postShowPolicy';
import { broadcastPosition } from '../watch/position';
import { ShareDialog } from '../watch/share';
import { EventCard } from './card';
import { eventUrls } from './eventUrls';
import { EventPoller } from './eventPoller';
import { type EventPhase, type EventStatus, eventPhase } from './eventStatus';

const dayFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
});
const hourFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
/** How long buffered video of an ended event plays on. */
const playoutMs = 15_000;

const root = document.documentElement;
const urls = eventUrls(window.location.pathname, window.location.search);
const isEmbedded = urls?.isEmbedded ?? window.location.pathname.includes('/embed/');
const clock = new ServerClock(urls?.time ?? '/time');

const pageText = eventText(urls?.kind ?? 'event');
const card = new EventCard(pageText);
const stageContainer = element('div', { class: 'event-stage' }, card.root);
const title = element('h1', { class: 'title' });
const pillLabel = element('span');
const pill = element('span', { class: 'pill', hidden: true }, element('span', { class: 'dot', 'aria-hidden': 'true' }), pillLabel);
const timeLabel = element('time', { class: 'fact' });
const movedNotice = element('p', { class: 'event-moved', role: 'status' });
const description = element('p', { class: 'event-description' });
const calendar = element('a', { class: 'button', href: urls?.calendar ?? '', hidden: true }, pageText.calendar);
const channel = element('a', { class: 'button', href: '', hidden: true }, pageText.openChannel);

let playerPage: PlayerPage | null = null;
/** The chat; none in embeds. */
let chat: PageChat | null = null;
let isPlayerShown = false;
let view: PlayerView | null = null;
let replay: string | null = null;
let endedAt: number | null = null;
/** Where the page, not the viewer, paused playback. */
let pausedAt: 'live' | 'elsewhere' | null = null;
let lastStart: number | null = null;

const poller = urls === null ? null : new EventPoller(urls.status, () => clock.now(), onReport);
const wakeDetector = new WakeDetector(onWake, () => poller?.poll());
const share = new ShareDialog(
  () => poller?.lastEvent?.title ?? '',
  () => (view === null || playerPage === null ? null : broadcastPosition(view, playerPage.stage.player.video)),
);

if (isEmbedded) {
  root.dataset.embedded = 'true';
  document.getElementById('page')?.append(element('main', { class: 'embed' }, stageContainer));
} else {
  const brand = element('span', { class: 'brand' }, element('span', { class: 'brand-mark', 'aria-hidden': 'true' }), playerText.product);
  document
    .getElementById('page')
    ?.append(
      element('header', { class: 'page-header' }, brand),
      element(
        'main',
        { class: 'watch' },
        stageContainer,
        element(
          'div',
          { class: 'about' },
          element('div', { class: 'about-main' }, title, element('div', { class: 'facts' }, pill, timeLabel), movedNotice, description),
          element('div', { class: 'about-side' }, share.button, calendar, channel),
        ),
        share.dialog,
      ),
    );
}

void clock.synchronize();
poller?.poll();
window.setInterval(() => {
  // Browsers throttle timers of hidden pages.
  if (wakeDetector.tick() && !document.hidden) onWake();
  render();
}, 1000);
render();

function onReport(): void {
  if (poller?.report.kind !== 'unreachable') clock.refresh();
  render();
}

/** After sleep or a lost network, the countdown may be wrong. */
function onWake(): void {
  poller?.poll();
  void clock.synchronize();
}

function render(): void {
  const report = poller?.report ?? { kind: 'notFound' as const };
  const event = poller?.lastEvent ?? null;
  const now = clock.now();
  const phase = eventPhase(report, event, now);
  if (root.dataset.event !== phase) root.dataset.event = phase;
  if (event !== null) renderDetails(event, phase);
  if (event !== null) updatePlayer(event, phase);

  const isShown = playerPage !== null && (phase === 'live' || phase === 'replay' || isPlayingOut(phase));
  // Do not share a page that cannot be opened.
  setHidden(share.button, phase === 'notFound' || phase === 'denied');
  setHidden(card.root, isShown);
  if (playerPage !== null) setHidden(playerPage.stage.root, !isShown);
  isPlayerShown = isShown;
  chat?.render(isShown ? view : null);
  if (!isShown) {
    if (root.dataset.state !== 'offline') root.dataset.state = 'offline';
    const channelUrls = event === null ? null : (urls?.channel(event.channel) ?? null);
    card.render(phase, report, event, channelUrls?.poster ?? null, now);
  }
}

/** Plays the event's broadcast or recording, but nothing else of its channel. */
function updatePlayer(event: EventStatus, phase: EventPhase): void {
  if (phase === 'live') {
    endedAt = null;
    if (playerPage === null) mountPlayer(event);
    else resumePlayback(playerPage);
    return;
  }

  if (phase === 'ended' || phase === 'replay') endedAt ??= performance.now();
  if (phase === 'replay' && event.replay !== null && !isPlayingOut(phase)) {
    if (playerPage === null) mountPlayer(event, event.replay.id);
    else if (replay === null) playReplay(playerPage, event.replay.id);
    if (playerPage?.stage.player.mode === 'replay') resumePlayback(playerPage);
    return;
  }

  // The event is over; the player would continue with the channel's next broadcast.
  if (phase !== 'replay' && playerPage !== null && !isPlayingOut(phase) && view?.wantsPlay === true) {
    const { player: activePlayer } = playerPage.stage;
    // A recording that has ended does not restart.
    pausedAt = view.mode === 'live' ? (view.behindLive ? 'elsewhere' : 'live') : activePlayer.video.ended ? null : 'elsewhere';
    activePlayer.pause();
  }
}

/** Resumes playback that the page paused. The viewer's pause stays. */
function resumePlayback(page: PlayerPage): void {
  if (pausedAt === null) return;
  const wasLive = pausedAt === 'live' && replay === null;
  pausedAt = null;
  if (wasLive) page.stage.player.goLive();
  else page.stage.player.play();
}

/** Whether buffered video of the ended event still plays, or a recording since start-over. */
function isPlayingOut(phase: EventPhase): boolean {
  if ((phase !== 'ended' && phase !== 'replay') || replay !== null || pausedAt !== null) return false;
  if (view?.mode === 'replay' && playerPage?.stage.player.video.ended === false) return true;
  return view?.state === 'live' && endedAt !== null && performance.now() - endedAt < playoutMs;
}

function mountPlayer(event: EventStatus, recording: string | null = null): void {
  const channelUrls = urls?.channel(event.channel) ?? null;
  if (channelUrls === null) return;
  const options = isEmbedded ? embedOptions(window.location.search) : { muted: false, autoplay: true };
  playerPage = createPlayerPage(
    options,
    () => [],
    (playerView) => {
      view = playerView;
      if (isPlayerShown) chat?.render(playerView);
      document.title = playerText.pageTitle(poller?.lastEvent?.title ?? event.title);
    },
    channelUrls,
  );
  if (playerPage === null) return;
  stageContainer.append(playerPage.stage.root);
  if (!isEmbedded) addChat(playerPage);
  // Set before playback, so that it does not start twice.
  replay = recording;
  const page = playerPage;
  void page.stage.player.start().then(() => {
    if (recording !== null) playReplay(page, recording);
  });
}

function addChat(page: PlayerPage): void {
  const main = stageContainer.parentElement;
  chat = new PageChat(page, (isShown) => main?.classList.toggle('has-chat', isShown));
  main?.append(chat.root);
  share.button.after(chat.showButton);
}

function playReplay(page: PlayerPage, id: string): void {
  const url = replayPlaylist(page.urls.playlist, id);
  replay = id;
  if (url === null) return;
  root.dataset.showing = 'replay';
  // A viewer at the live edge has seen the end; start the recording from its beginning.
  page.stage.player.playReplay(url, pausedAt === 'live' ? { startAt: 0 } : {});
}

function renderDetails(event: EventStatus, phase: EventPhase): void {
  const text = pageText;
  if (playerPage === null) document.title = playerText.pageTitle(event.title);
  setText(title, event.title);
  setText(description, event.description);
  setHidden(description, event.description === '');
  const labels: Partial<Record<EventPhase, string>> = {
    countdown: text.upcoming,
    late: text.upcoming,
    live: text.live,
    replay: text.replay,
    ended: text.ended,
    cancelled: text.cancelled,
  };
  setHidden(pill, labels[phase] === undefined);
  setText(pillLabel, labels[phase] ?? '');
  setAttribute(pill, 'data-pill', phase === 'live' ? 'live' : phase === 'countdown' || phase === 'late' ? 'starting' : 'ended');
  setAttribute(timeLabel, 'datetime', event.startsAt.toISOString());
  setText(timeLabel, `${dayFormat.format(event.startsAt)} ${text.until(hourFormat.format(event.endsAt))}`);
  setHidden(calendar, phase !== 'countdown' && phase !== 'late');
  const channelUrls = urls?.channel(event.channel) ?? null;
  setHidden(channel, channelUrls === null);
  if (channelUrls !== null) setAttribute(channel, 'href', channelUrls.watchPage);

  const start = event.startsAt.getTime();
  if (lastStart !== null && lastStart !== start && phase === 'countdown')
    setText(movedNotice, text.startMoved(dayFormat.format(event.startsAt)));
  lastStart = start;
}
