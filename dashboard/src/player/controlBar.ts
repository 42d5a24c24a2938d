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

/** The controls at the bottom of the stage: seek bar and buttons. */
export class ControlBar {
  readonly root: HTMLElement;
  private readonly player: Player;
  private readonly fullscreen: Fullscreen;
  private readonly pictureInPicture: PictureInPicture;
  private readonly seek: SeekBar;
  private readonly playIcon = icon('play');
  private readonly playButton = element('button', { type: 'button', class: 'control', 'data-control': 'play' }, this.playIcon);
  private readonly volumeIcon = icon('volume');
  private readonly muteButton = element('button', { type: 'button', class: 'control', 'data-control': 'mute' }, this.volumeIcon);
  private readonly volumeControl: HTMLElement;
  private readonly volumeSlider = element('input', {
    type: 'range',
    class: 'volume',
    min: 0,
    max: 1,
    step: 0.05,
    'aria-label': playerText.volume,
  });
  private readonly liveLabel = element('span');
  private readonly liveButton = element(
    'button',
    { type: 'button', class: 'live-button', 'data-control': 'live' },
    element('span', { class: 'dot' }),
    this.liveLabel,
  );
  /** Latency at live, offset when behind live, position in a recording. */
  private readonly time = element('span', { class: 'latency' });
  private readonly menu = new SettingsMenu();
  private readonly pictureInPictureButton = element(
    'button',
    { type: 'button', class: 'control', 'data-control': 'pip' },
    icon('pictureInPicture'),
  );
  private readonly fullscreenIcon = icon('fullscreen');
  private readonly fullscreenButton = element(
    'button',
    { type: 'button', class: 'control', 'data-control': 'fullscreen' },
    this.fullscreenIcon,
  );

  constructor(player: Player, fullscreen: Fullscreen, pictureInPicture: PictureInPicture, extras: HTMLElement[]) {
    this.player = player;
    this.fullscreen = fullscreen;
    this.pictureInPicture = pictureInPicture;
    this.seek = new SeekBar(player);
    this.playButton.addEventListener('click', () => player.toggle());
    this.muteButton.addEventListener('click', () => player.volume.toggleMute());
    this.volumeSlider.addEventListener('input', () => player.volume.setVolume(this.volumeSlider.valueAsNumber));
    this.liveButton.addEventListener('click', () => player.goLive());
    this.pictureInPictureButton.addEventListener('click', () => pictureInPicture.toggle());
    this.fullscreenButton.addEventListener('click', () => fullscreen.toggle());
    this.volumeControl = element('div', { class: 'volume-control' }, this.muteButton, this.volumeSlider);
    this.root = element(
      'div',
      { class: 'bar' },
      this.seek.root,
      element(
        'div',
        { class: 'buttons' },
        this.playButton,
        this.volumeControl,
        this.liveButton,
        this.time,
        element('span', { class: 'spacer' }),
        ...extras,
        this.menu.root,
        this.pictureInPictureButton,
        this.fullscreenButton,
      ),
    );
    setHidden(this.fullscreenButton, !fullscreen.isAvailable);
  }

  /** Whether the viewer uses a control, so that the controls must stay visible. */
  get isBusy(): boolean {
    return this.menu.isOpen || this.seek.isDragged;
  }

  render(view: PlayerView): void {
    // Without media, hide buttons that would have no effect.
    const isIdle = view.state === 'offline' || view.state === 'ended' || view.state === 'error';
    setHidden(this.playButton, isIdle);
    setHidden(this.volumeControl, isIdle);
    const hasEnded = view.mode === 'replay' && this.player.video.ended;
    const isRunning = view.wantsPlay && !hasEnded;
    setIcon(this.playIcon, hasEnded ? 'replay' : isRunning ? 'pause' : 'play');
    setLabel(this.playButton, hasEnded ? controlsText.playAgain : isRunning ? playerText.pause : playerText.play);
    this.seek.render(view);
    this.renderVolume();
    this.renderLive(view);
    this.renderTime(view);
    this.menu.render(isIdle ? [] : menuSections(view, this.player.choices));
    setHidden(this.pictureInPictureButton, isIdle || !this.pictureInPicture.isAvailable);
    setLabel(
      this.pictureInPictureButton,
      this.pictureInPicture.isActive ? controlsText.exitPictureInPicture : controlsText.pictureInPicture,
    );
    setIcon(this.fullscreenIcon, this.fullscreen.isActive ? 'window' : 'fullscreen');
    setLabel(this.fullscreenButton, this.fullscreen.isActive ? playerText.exitFullscreen : playerText.fullscreen);
  }

  private renderVolume(): void {
    const { muted, volume: volumeSlider } = this.player.video;
    const isMuted = muted || volumeSlider === 0;
    setIcon(this.volumeIcon, isMuted ? 'muted' : 'volume');
    setLabel(this.muteButton, isMuted ? playerText.unmute : playerText.mute);
    const shown = muted ? 0 : volumeSlider;
    if (this.volumeSlider.valueAsNumber !== shown) this.volumeSlider.valueAsNumber = shown;
    setAttribute(this.volumeSlider, 'aria-valuetext', controlsText.percent(Math.round(shown * 100)));
    this.volumeSlider.style.setProperty('--filled', `${shown * 100}%`);
  }

  private renderLive(view: PlayerView): void {
    setHidden(this.liveButton, view.state !== 'live');
    setAttribute(this.liveButton, 'data-behind', String(view.behindLive));
    setText(this.liveLabel, view.behindLive ? playerText.goLive : playerText.live);
    setLabel(this.liveButton, view.behindLive ? playerText.goLiveLabel : playerText.atLiveLabel);
  }

  private renderTime(view: PlayerView): void {
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
    return {
      text: controlsText.position(durationText(Math.min(position, end) - start), durationText(end - start)),
      hint: controlsText.offsetHint,
    };
  }

  if (state === 'live' && behindLive && secondsToLive !== null && secondsToLive >= 1)
    return { text: controlsText.behind(durationText(secondsToLive)), hint: controlsText.behindHint };
  return latency === null ? { text: '', hint: '' } : { text: playerText.latency(latencyText(latency)), hint: playerText.latencyHint };
}
