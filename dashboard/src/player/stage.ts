import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import type { ChannelUrls, EmbedOptions } from './channelUrls';
import { pageTitle } from './pageTitle';
import { ControlBar } from './controlBar';
import { element, setAttribute, setHidden, setLabel, setText } from './dom';
import { Fullscreen } from './fullscreen';
import { type IconName, icon, setIcon } from './icons';
import { commandOf, focusOf } from './keyboard';
import { messageFor } from './message';
import { PictureInPicture } from './pictureInPicture';
import { Player } from './player';
import { longStep, shortStep } from './timeline';
import type { PlayerView } from './view';

const hideControlsAfterMs = 2800;

/** The video with its overlays. The page sets its size; nothing inside changes it. */
export class Stage {
  readonly root: HTMLElement;
  readonly player: Player;
  private readonly video = element('video', { playsinline: true, tabindex: -1, 'aria-label': playerText.playerLabel('') });
  private readonly fullscreen: Fullscreen;
  private readonly bar: ControlBar;
  private readonly messageIcon = icon('signal');
  private readonly messageTitle = element('p', { class: 'message-title' });
  private readonly messageHint = element('p', { class: 'message-hint' });
  // Screen readers do not announce each second.
  private readonly messageCountdown = element('p', { class: 'message-countdown', role: 'timer', 'aria-live': 'off', hidden: true });
  private readonly retry = element('button', { type: 'button', class: 'button', 'data-control': 'retry' }, playerText.retry);
  private readonly message = element('div', { class: 'message', role: 'status' });
  private readonly startButton = element('button', { type: 'button', class: 'start-button', 'data-control': 'start' }, icon('play'));
  private readonly rebufferNotice = element('p', { class: 'rebuffer-notice', role: 'status', hidden: true });
  private readonly titleOverlay = element('p', { class: 'title-overlay' });
  private readonly unmute = element(
    'button',
    { type: 'button', class: 'unmute', 'data-control': 'unmute' },
    icon('muted'),
    playerText.tapToUnmute,
  );
  private readonly spinner = element('div', { class: 'spinner buffering', 'aria-hidden': 'true' });
  /** Title while no broadcast is live. */
  private readonly channelTitle: string;
  private hideTimer: number | undefined;
  private lastPointer = 'mouse';

  constructor(url: ChannelUrls, options: EmbedOptions, extras: HTMLElement[], onView: (view: PlayerView) => void) {
    this.channelTitle = pageTitle(url.channel);
    this.root = element('section', { class: 'stage', 'aria-label': playerText.playerLabel(this.channelTitle) });
    this.video.setAttribute('aria-label', playerText.playerLabel(this.channelTitle));
    this.fullscreen = new Fullscreen(this.root, this.video);
    this.player = new Player(url, options, this.video, (view) => {
      this.render(view);
      onView(view);
    });
    this.bar = new ControlBar(this.player, this.fullscreen, new PictureInPicture(this.video), extras);
    setLabel(this.startButton, playerText.play);
    this.message.append(
      element('div', { class: 'spinner', 'aria-hidden': 'true' }),
      this.messageIcon,
      this.messageTitle,
      this.messageCountdown,
      this.messageHint,
      this.retry,
    );
    this.root.append(
      this.video,
      this.message,
      this.spinner,
      this.rebufferNotice,
      this.titleOverlay,
      this.startButton,
      this.unmute,
      this.bar.root,
    );
    this.listen();
    this.showPoster(url.poster);
  }

  /** Shows the channel's latest thumbnail until playback starts. Without one, the layout is the same. */
  private showPoster(url: string): void {
    const image = new Image();
    image.addEventListener('load', () => {
      this.video.poster = image.src;
      setAttribute(this.root, 'data-poster', 'shown');
    });
    image.src = url;
  }

  private listen(): void {
    this.retry.addEventListener('click', () => this.player.retry());
    this.startButton.addEventListener('click', () => this.player.play());
    this.unmute.addEventListener('click', () => this.player.volume.setMuted(false));
    this.video.addEventListener('click', () => this.onVideoClick());
    this.video.addEventListener('dblclick', () => this.fullscreen.toggle());
    document.addEventListener('keydown', (event) => this.onKey(event));
    document.addEventListener('fullscreenchange', () => this.showControls());
    this.root.addEventListener(
      'pointerdown',
      (event) => {
        this.lastPointer = event.pointerType;
      },
      { capture: true },
    );
    for (const event of ['pointermove', 'pointerdown', 'focusin']) this.root.addEventListener(event, () => this.showControls());
    // Before a control handles the key.
    this.root.addEventListener('keydown', () => this.showControls(), { capture: true });
    this.root.addEventListener('pointerleave', () => this.hideControlsSoon(600));
  }

  /** A mouse click plays or pauses; a tap only shows the controls. */
  private onVideoClick(): void {
    if (this.lastPointer === 'mouse') this.player.toggle();
  }

  private onKey(event: KeyboardEvent): void {
    // Keys work on the whole page, but only while the stage is visible.
    if (this.root.hidden) return;
    const command = commandOf(event.key, event.ctrlKey || event.metaKey || event.altKey, focusOf(event.target));
    if (command === null) return;
    event.preventDefault();
    this.showControls();
    const { player } = this;
    switch (command) {
      case 'toggle':
        return player.toggle();
      case 'mute':
        return player.volume.toggleMute();
      case 'fullscreen':
        return this.fullscreen.toggle();
      case 'back':
        return player.seekBy(-shortStep);
      case 'forward':
        return player.seekBy(shortStep);
      case 'farBack':
        return player.seekBy(-longStep);
      case 'farForward':
        return player.seekBy(longStep);
      case 'start':
        return player.seekBy(Number.NEGATIVE_INFINITY);
      case 'end':
        return player.seekBy(Number.POSITIVE_INFINITY);
      case 'captions':
        return player.choices.toggleCaptions();
      case 'faster':
        return player.choices.changeSpeed(1);
      case 'slower':
        return player.choices.changeSpeed(-1);
      case 'louder':
        return player.volume.changeVolume(0.1);
      case 'quieter':
        return player.volume.changeVolume(-0.1);
    }
  }

  private showControls(): void {
    setAttribute(this.root, 'data-controls', 'shown');
    this.hideControlsSoon(hideControlsAfterMs);
  }

  private hideControlsSoon(afterMs: number): void {
    window.clearTimeout(this.hideTimer);
    this.hideTimer = window.setTimeout(() => {
      const hasKeyboardFocus = this.bar.root.querySelector(':focus-visible') !== null;
      const hasMouse = this.lastPointer === 'mouse' && this.bar.root.matches(':hover');
      if (hasMouse || this.bar.isBusy || hasKeyboardFocus || this.root.dataset.running !== 'true') return;
      setAttribute(this.root, 'data-controls', 'hidden');
    }, afterMs);
  }

  private render(view: PlayerView): void {
    const message = messageFor(view, view.channelStatus?.title ?? this.channelTitle, view.channelStatus?.next, view.now);
    setHidden(this.message, message === null);
    if (message !== null) {
      setText(this.messageTitle, message.title);
      setText(this.messageHint, message.hint);
      setHidden(this.messageCountdown, message.remaining === undefined);
      setText(this.messageCountdown, message.remaining ?? '');
      setAttribute(this.message, 'data-icon', message.icon === 'spinner' ? 'spinner' : 'icon');
      if (message.icon !== 'spinner') setIcon(this.messageIcon, message.icon as IconName);
      setHidden(this.retry, !message.retry);
    }

    const isActive = view.state === 'live' || view.state === 'replay';
    const isRunning = isActive && view.wantsPlay && !this.video.ended;
    const wasRunning = this.root.dataset.running;
    setAttribute(this.root, 'data-running', String(isRunning));
    setAttribute(this.root, 'data-stage', view.state);
    if (wasRunning !== String(isRunning)) this.showControls();

    const needsStart = isActive && view.needsTap;
    setAttribute(this.root, 'data-needs-start', String(needsStart));
    setHidden(this.startButton, !needsStart);
    setHidden(this.titleOverlay, !needsStart);
    setText(this.titleOverlay, view.channelStatus?.title ?? this.channelTitle);
    setHidden(this.unmute, !(isActive && view.mutedByBrowser && this.player.video.muted));
    const notice = isActive ? view.rebufferNotice : null;
    setHidden(this.spinner, !(isActive && (view.buffering || notice !== null)));
    setHidden(this.rebufferNotice, notice === null);
    if (notice !== null) setText(this.rebufferNotice, controlsText.rebuffering[notice]);
    this.bar.render(view);
  }
}
