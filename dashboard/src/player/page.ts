import type Hls from 'hls.js';
import { playerText } from '../text';
import { type ChannelAddress, type EmbedOptions, channelAddress } from './address';
import { calledOr } from './called';
import { element } from './dom';
import { icon } from './icons';
import type { ReplayOptions } from './replay';
import { Stage } from './stage';
import { parseStart } from './start';
import type { PlayerState } from './state';
import type { PlayerView } from './view';

/** For tests and for people who look for a fault: the same objects that the page uses. */
export interface PlayerHandle {
  readonly video: HTMLVideoElement;
  readonly hls: Hls | null;
  readonly state: PlayerState;
  readonly latency: number | null;
  /** Plays a recording in the channel's place, by the address of its playlist. */
  playReplay(url: string, options?: ReplayOptions): void;
  /** Plays the channel again. */
  playLive(): void;
}

declare global {
  interface Window {
    broadcastPlayer?: PlayerHandle;
  }
}

export interface PageParts {
  address: ChannelAddress;
  stage: Stage;
}

/** What watch page and embed have in common: the stage for the channel in the address, and what it shows in `document`. */
export function makePlayerPage(
  options: EmbedOptions,
  extras: (address: ChannelAddress) => HTMLElement[],
  onView: (view: PlayerView) => void,
  address: ChannelAddress | null = channelAddress(window.location.pathname, window.location.search),
): PageParts | null {
  const root = document.documentElement;
  if (address === null) {
    root.dataset.state = 'error';
    return null;
  }

  const called = calledOr(address.channel);
  document.title = playerText.pageTitle(called);
  let latest: PlayerView | null = null;
  const stage = new Stage(address, options, extras(address), (view) => {
    latest = view;
    if (root.dataset.state !== view.state) root.dataset.state = view.state;
    if (view.latency === null) delete root.dataset.latency;
    else root.dataset.latency = view.latency.toFixed(1);
    document.title = playerText.pageTitle(view.broadcast?.title ?? called);
    onView(view);
  });

  stage.player.startFrom(parseStart(window.location.search));
  window.broadcastPlayer = {
    video: stage.player.video,
    get hls() {
      const { engine } = stage.player;
      return engine !== null && 'hls' in engine ? (engine.hls as Hls) : null;
    },
    get state() {
      return latest?.state ?? 'starting';
    },
    get latency() {
      return latest?.latency ?? null;
    },
    playReplay: (url, replay) => stage.player.playReplay(url, replay),
    playLive: () => stage.player.playLive(),
  };
  return { address, stage };
}

/** For an address that names no channel. */
export function noChannelPage(): HTMLElement {
  return element(
    'section',
    { class: 'stage' },
    element(
      'div',
      { class: 'message', 'data-icon': 'icon' },
      icon('warning'),
      element('p', { class: 'message-title' }, playerText.error.noChannel.title),
      element('p', { class: 'message-hint' }, playerText.error.noChannel.hint),
    ),
  );
}
