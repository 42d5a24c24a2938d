import { playerText } from '../text';
import { element, setAttribute, setHidden, setLabel, setText } from './dom';
import { type Fullscreen } from './fullscreen';
import { icon, setIcon } from './icons';
import { latencyText } from './latency';
import type { Player, PlayerView } from './player';
import { QualityMenu } from './qualityMenu';

/** The row of controls at the bottom of the stage. */
export class ControlBar {
  readonly root: HTMLElement;
  private readonly player: Player;
  private readonly fullscreen: Fullscreen;
  private readonly playIcon = icon('play');
  private readonly playButton = element('button', { type: 'button', class: 'control', 'data-control': 'play' }, this.playIcon);
  private readonly soundIcon = icon('sound');
  private readonly soundButton = element('button', { type: 'button', class: 'control', 'data-control': 'mute' }, this.soundIcon);
  private readonly sound: HTMLElement;
  private readonly volume = element('input', { type: 'range', class: 'volume', min: 0, max: 1, step: 0.05, 'aria-label': playerText.volume });
  private readonly liveLabel = element('span');
  private readonly liveButton = element('button', { type: 'button', class: 'live-button', 'data-control': 'live' }, element('span', { class: 'dot' }), this.liveLabel);
  private readonly latency = element('span', { class: 'latency', title: playerText.latencyHint });
  private readonly menu: QualityMenu;
  private readonly screenIcon = icon('fullscreen');
  private readonly screenButton = element('button', { type: 'button', class: 'control', 'data-control': 'fullscreen' }, this.screenIcon);

  constructor(player: Player, fullscreen: Fullscreen, extras: HTMLElement[]) {
    this.player = player;
    this.fullscreen = fullscreen;
    this.menu = new QualityMenu((id) => player.chooseQuality(id));
    this.playButton.addEventListener('click', () => player.toggle());
    this.soundButton.addEventListener('click', () => player.sound.toggleMute());
    this.volume.addEventListener('input', () => player.sound.setVolume(this.volume.valueAsNumber));
    this.liveButton.addEventListener('click', () => player.goLive());
    this.screenButton.addEventListener('click', () => fullscreen.toggle());
    this.sound = element('div', { class: 'sound' }, this.soundButton, this.volume);
    this.root = element(
      'div',
      { class: 'bar' },
      this.playButton,
      this.sound,
      this.liveButton,
      this.latency,
      element('span', { class: 'gap' }),
      ...extras,
      this.menu.root,
      this.screenButton,
    );
    setHidden(this.screenButton, !fullscreen.available);
  }

  get menuIsOpen(): boolean {
    return this.menu.isOpen;
  }

  draw(view: PlayerView): void {
    // Nothing to play: no buttons that would do nothing.
    const idle = view.state === 'offline' || view.state === 'ended' || view.state === 'error';
    setHidden(this.playButton, idle);
    setHidden(this.sound, idle);
    setIcon(this.playIcon, view.wantsPlay ? 'pause' : 'play');
    setLabel(this.playButton, view.wantsPlay ? playerText.pause : playerText.play);
    this.drawSound();
    this.drawLive(view);
    this.menu.draw(view.engine);
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
    this.volume.style.setProperty('--filled', `${shown * 100}%`);
  }

  private drawLive(view: PlayerView): void {
    setHidden(this.liveButton, view.state !== 'live');
    setAttribute(this.liveButton, 'data-behind', String(view.behindLive));
    setText(this.liveLabel, view.behindLive ? playerText.goLive : playerText.live);
    setLabel(this.liveButton, view.behindLive ? playerText.goLiveLabel : playerText.atLiveLabel);
    setHidden(this.latency, view.latency === null);
    if (view.latency !== null) setText(this.latency, playerText.latency(latencyText(view.latency)));
  }
}
