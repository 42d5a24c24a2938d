import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import type { ChannelAddress, EmbedOptions } from './address';
import { calledOr } from './called';
import { ControlBar } from './controlBar';
import { element, setAttribute, setHidden, setLabel, setText } from './dom';
import { Fullscreen } from './fullscreen';
import { type IconName, icon, setIcon } from './icons';
import { commandFor, focusOf } from './keyboard';
import { messageFor } from './message';
import { PictureInPicture } from './pictureInPicture';
import { Player } from './player';
import { longStep, shortStep } from './timeline';
import type { PlayerView } from './view';

const hideControlsAfterMs = 2800;

/** The picture with everything that lies on it. Its size is the page's business; nothing in it moves the page. */
export class Stage {
  readonly root: HTMLElement;
  readonly player: Player;
  private readonly video = element('video', { playsinline: true, tabindex: -1, 'aria-label': playerText.playerLabel('') });
  private readonly fullscreen: Fullscreen;
  private readonly bar: ControlBar;
  private readonly messageIcon = icon('signal');
  private readonly messageTitle = element('p', { class: 'message-title' });
  private readonly messageHint = element('p', { class: 'message-hint' });
  // A clock that counts down is not read out every second.
  private readonly messageLeft = element('p', { class: 'message-left', role: 'timer', 'aria-live': 'off', hidden: true });
  private readonly retry = element('button', { type: 'button', class: 'button', 'data-control': 'retry' }, playerText.retry);
  private readonly message = element('div', { class: 'message', role: 'status' });
  private readonly bigPlay = element('button', { type: 'button', class: 'big-play', 'data-control': 'start' }, icon('play'));
  private readonly lineNotice = element('p', { class: 'line-notice', role: 'status', hidden: true });
  private readonly caption = element('p', { class: 'caption' });
  private readonly unmute = element('button', { type: 'button', class: 'unmute', 'data-control': 'unmute' }, icon('muted'), playerText.tapToUnmute);
  private readonly spinner = element('div', { class: 'spinner buffering', 'aria-hidden': 'true' });
  /** What the channel is called while nothing is on. */
  private readonly called: string;
  private hideTimer: number | undefined;
  private lastPointer = 'mouse';

  constructor(address: ChannelAddress, options: EmbedOptions, extras: HTMLElement[], onView: (view: PlayerView) => void) {
    this.called = calledOr(address.channel);
    this.root = element('section', { class: 'stage', 'aria-label': playerText.playerLabel(this.called) });
    this.video.setAttribute('aria-label', playerText.playerLabel(this.called));
    this.fullscreen = new Fullscreen(this.root, this.video);
    this.player = new Player(address, options, this.video, (view) => {
      this.draw(view);
      onView(view);
    });
    this.bar = new ControlBar(this.player, this.fullscreen, new PictureInPicture(this.video), extras);
    setLabel(this.bigPlay, playerText.play);
    this.message.append(element('div', { class: 'spinner', 'aria-hidden': 'true' }), this.messageIcon, this.messageTitle, this.messageLeft, this.messageHint, this.retry);
    this.root.append(this.video, this.message, this.spinner, this.lineNotice, this.caption, this.bigPlay, this.unmute, this.bar.root);
    this.listen();
    this.showPoster(address.poster);
  }

  /** The channel's latest picture, until there is a moving one. Where there is none, nothing looks or lies differently. */
  private showPoster(address: string): void {
    const picture = new Image();
    picture.addEventListener('load', () => {
      this.video.poster = picture.src;
      setAttribute(this.root, 'data-poster', 'shown');
    });
    picture.src = address;
  }

  private listen(): void {
    this.retry.addEventListener('click', () => this.player.retry());
    this.bigPlay.addEventListener('click', () => this.player.play());
    this.unmute.addEventListener('click', () => this.player.sound.setMuted(false));
    this.video.addEventListener('click', () => this.onPictureClick());
    this.video.addEventListener('dblclick', () => this.fullscreen.toggle());
    document.addEventListener('keydown', (event) => this.onKey(event));
    document.addEventListener('fullscreenchange', () => this.wakeControls());
    this.root.addEventListener('pointerdown', (event) => { this.lastPointer = event.pointerType; }, { capture: true });
    for (const event of ['pointermove', 'pointerdown', 'focusin']) this.root.addEventListener(event, () => this.wakeControls());
    // Before a control keeps a key to itself.
    this.root.addEventListener('keydown', () => this.wakeControls(), { capture: true });
    this.root.addEventListener('pointerleave', () => this.hideControlsSoon(600));
  }

  /** A mouse plays and pauses on the picture; a finger only brings the controls. */
  private onPictureClick(): void {
    if (this.lastPointer === 'mouse') this.player.toggle();
  }

  private onKey(event: KeyboardEvent): void {
    // They are heard on the whole page, and mean what is seen.
    if (this.root.hidden) return;
    const command = commandFor(event.key, event.ctrlKey || event.metaKey || event.altKey, focusOf(event.target));
    if (command === null) return;
    event.preventDefault();
    this.wakeControls();
    const { player } = this;
    switch (command) {
      case 'toggle':
        return player.toggle();
      case 'mute':
        return player.sound.toggleMute();
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
      case 'begin':
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
        return player.sound.changeVolume(0.1);
      case 'quieter':
        return player.sound.changeVolume(-0.1);
    }
  }

  private wakeControls(): void {
    setAttribute(this.root, 'data-controls', 'shown');
    this.hideControlsSoon(hideControlsAfterMs);
  }

  private hideControlsSoon(afterMs: number): void {
    window.clearTimeout(this.hideTimer);
    this.hideTimer = window.setTimeout(() => {
      const keyboardIsHere = this.bar.root.querySelector(':focus-visible') !== null;
      const mouseIsHere = this.lastPointer === 'mouse' && this.bar.root.matches(':hover');
      if (mouseIsHere || this.bar.isBusy || keyboardIsHere || this.root.dataset.running !== 'true') return;
      setAttribute(this.root, 'data-controls', 'hidden');
    }, afterMs);
  }

  private draw(view: PlayerView): void {
    const message = messageFor(view, view.broadcast?.title ?? this.called, view.broadcast?.next, view.now);
    setHidden(this.message, message === null);
    if (message !== null) {
      setText(this.messageTitle, message.title);
      setText(this.messageHint, message.hint);
      setHidden(this.messageLeft, message.left === undefined);
      setText(this.messageLeft, message.left ?? '');
      setAttribute(this.message, 'data-icon', message.icon === 'spinner' ? 'spinner' : 'icon');
      if (message.icon !== 'spinner') setIcon(this.messageIcon, message.icon as IconName);
      setHidden(this.retry, !message.retry);
    }

    const live = view.state === 'live' || view.state === 'replay';
    const running = live && view.wantsPlay && !this.video.ended;
    const hadControls = this.root.dataset.running;
    setAttribute(this.root, 'data-running', String(running));
    setAttribute(this.root, 'data-stage', view.state);
    if (hadControls !== String(running)) this.wakeControls();

    const invites = live && view.needsTap;
    setAttribute(this.root, 'data-invites', String(invites));
    setHidden(this.bigPlay, !invites);
    setHidden(this.caption, !invites);
    setText(this.caption, view.broadcast?.title ?? this.called);
    setHidden(this.unmute, !(live && view.mutedByBrowser && this.player.video.muted));
    const notice = live ? view.lineNotice : null;
    setHidden(this.spinner, !(live && (view.buffering || notice !== null)));
    setHidden(this.lineNotice, notice === null);
    if (notice !== null) setText(this.lineNotice, controlsText.slowLine[notice]);
    this.bar.draw(view);
  }
}
