import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import { element, setAttribute, setHidden, setLabel, setText } from './dom';
import { type Fullscreen } from './fullscreen';
import { icon, setIcon } from './icons';
import { latencyText } from './latency';
import { menuSections } from './menuSections';
import type { PictureInPicture } from './pictureInPicture';
import type { Player } from './player';
import { SeekBar } from './seekBar';
import { SettingsMenu } from './settingsMenu';
import { durationText } from './timeline';
import type { PlayerView } from './view';

/** The controls at the bottom of the stage: the seek bar, and the row of buttons below. */
export class ControlBar {
  readonly root: HTMLElement;
  private readonly player: Player;
  private readonly fullscreen: Fullscreen;
  private readonly inPicture: PictureInPicture;
  private readonly seek: SeekBar;
  private readonly playIcon = icon('play');
  private readonly playButton = element('button', { type: 'button', class: 'control', 'data-control': 'play' }, this.playIcon);
  private readonly soundIcon = icon('sound');
  private readonly soundButton = element('button', { type: 'button', class: 'control', 'data-control': 'mute' }, this.soundIcon);
  private readonly sound: HTMLElement;
  private readonly volume = element('input', { type: 'range', class: 'volume', min: 0, max: 1, step: 0.05, 'aria-label': playerText.volume });
  private readonly liveLabel = element('span');
  private readonly liveButton = element('button', { type: 'button', class: 'live-button', 'data-control': 'live' }, element('span', { class: 'dot' }), this.liveLabel);
  /** The delay at live, how far behind when not, and in a replay where one is. */
  private readonly time = element('span', { class: 'latency' });
  private readonly menu = new SettingsMenu();
  private readonly pictureButton = element('button', { type: 'button', class: 'control', 'data-control': 'pip' }, icon('pictureInPicture'));
  private readonly screenIcon = icon('fullscreen');
  private readonly screenButton = element('button', { type: 'button', class: 'control', 'data-control': 'fullscreen' }, this.screenIcon);

  constructor(player: Player, fullscreen: Fullscreen, inPicture: PictureInPicture, extras: HTMLElement[]) {
    this.player = player;
    this.fullscreen = fullscreen;
    this.inPicture = inPicture;
    this.seek = new SeekBar(player);
    this.playButton.addEventListener('click', () => player.toggle());
    this.soundButton.addEventListener('click', () => player.sound.toggleMute());
    this.volume.addEventListener('input', () => player.sound.setVolume(this.volume.valueAsNumber));
    this.liveButton.addEventListener('click', () => player.goLive());
    this.pictureButton.addEventListener('click', () => inPicture.toggle());
    this.screenButton.addEventListener('click', () => fullscreen.toggle());
    this.sound = element('div', { class: 'sound' }, this.soundButton, this.volume);
    this.root = element(
      'div',
      { class: 'bar' },
      this.seek.root,
      element(
        'div',
        { class: 'buttons' },
        this.playButton,
        this.sound,
        this.liveButton,
        this.time,
        element('span', { class: 'gap' }),
        ...extras,
        this.menu.root,
        this.pictureButton,
        this.screenButton,
      ),
    );
    setHidden(this.screenButton, !fullscreen.available);
  }

  /** Somebody is in the middle of something: the controls stay. */
  get isBusy(): boolean {
    return this.menu.isOpen || this.seek.isDragged;
  }

  draw(view: PlayerView): void {
    // Nothing to play: no buttons that would do nothing.
    const idle = view.state === 'offline' || view.state === 'ended' || view.state === 'error';
    setHidden(this.playButton, idle);
    setHidden(this.sound, idle);
    const over = view.mode === 'replay' && this.player.video.ended;
    const running = view.wantsPlay && !over;
    setIcon(this.playIcon, over ? 'replay' : running ? 'pause' : 'play');
    setLabel(this.playButton, over ? controlsText.playAgain : running ? playerText.pause : playerText.play);
    this.seek.draw(view);
    this.drawSound();
    this.drawLive(view);
    this.drawTime(view);
    this.menu.draw(idle ? [] : menuSections(view, this.player.choices));
    setHidden(this.pictureButton, idle || !this.inPicture.available);
    setLabel(this.pictureButton, this.inPicture.active ? controlsText.leavePictureInPicture : controlsText.pictureInPicture);
    setIcon(this.screenIcon, this.fullscreen.active ? 'window' : 'fullscreen');
    setLabel(this.screenButton, this.fullscreen.active ? playerText.leaveFullscreen : playerText.fullscreen);
  }

  private drawSound(): void {
    const { muted, volume } = this.player.video;
    const silent = muted || volume === 0;
    setIcon(this.soundIcon, silent ? 'muted' : 'sound');
    setLabel(this.soundButton, silent ? playerText.unmute : playerText.mute);
    const shown = muted ? 0 : volume;
    if (this.volume.valueAsNumber !== shown) this.volume.valueAsNumber = shown;
    setAttribute(this.volume, 'aria-valuetext', controlsText.percent(Math.round(shown * 100)));
    this.volume.style.setProperty('--filled', `${shown * 100}%`);
  }

  private drawLive(view: PlayerView): void {
    setHidden(this.liveButton, view.state !== 'live');
    setAttribute(this.liveButton, 'data-behind', String(view.behindLive));
    setText(this.liveLabel, view.behindLive ? playerText.goLive : playerText.live);
    setLabel(this.liveButton, view.behindLive ? playerText.goLiveLabel : playerText.atLiveLabel);
  }

  private drawTime(view: PlayerView): void {
    const { text, hint } = timeText(view);
    setHidden(this.time, text === '');
    setText(this.time, text);
    if (this.time.title !== hint) this.time.title = hint;
  }
}

function timeText({ mode, state, timeline, position, behindLive, secondsToLive, latency }: PlayerView): { text: string; hint: string } {
  if (mode === 'replay') {
    if (timeline === null || state !== 'replay') return { text: '', hint: '' };
    const { start, end } = timeline.window;
    return { text: controlsText.position(durationText(Math.min(position, end) - start), durationText(end - start)), hint: controlsText.offsetHint };
  }

  if (state === 'live' && behindLive && secondsToLive !== null && secondsToLive >= 1) return { text: controlsText.behind(durationText(secondsToLive)), hint: controlsText.behindHint };
  return latency === null ? { text: '', hint: '' } : { text: playerText.latency(latencyText(latency)), hint: playerText.latencyHint };
}
