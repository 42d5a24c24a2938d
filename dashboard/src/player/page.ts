import type Hls from 'hls.js';
import { playerText } from '../text';
import { type ChannelUrls, type EmbedOptions, channelUrls } from './channelUrls';
import { pageTitle } from './pageTitle';
import { element } from './dom';
import { icon } from './icons';
import type { ReplayOptions } from './replay';
import { Stage } from './stage';
import { parseStart } from './start';
import type { PlayerState } from './state';
import type { PlayerView } from './view';

/** Page API for tests and diagnosis. */
export interface PlayerHandle {
  readonly video: HTMLVideoElement;
  readonly hls: Hls | null;
  readonly state: PlayerState;
  readonly latency: number | null;
  /** Plays a recording instead of the channel, by the URL of its playlist. */
  playReplay(url: string, options?: ReplayOptions): void;
  /** Returns to the channel. */
  playLive(): void;
}

declare global {
  interface Window {
    broadcastPlayer?: PlayerHandle;
  }
}

export interface PlayerPage {
  urls: ChannelUrls;
  stage: Stage;
}

/** The common part of watch page and embed: the stage of the channel in the URL, and the state in `document`. */
export function createPlayerPage(
  options: EmbedOptions,
  extraControls: (urls: ChannelUrls) => HTMLElement[],
  onView: (view: PlayerView) => void,
  urls: ChannelUrls | null = channelUrls(window.location.pathname, window.location.search),
): PlayerPage | null {
  const root = document.documentElement;
  if (urls === null) {
    root.dataset.state = 'error';
    return null;
  }

  const title = pageTitle(urls.channel);
  document.title = playerText.pageTitle(title);
  let latestView: PlayerView | null = null;
  const stage = new Stage(urls, options, extraControls(urls), (view) => {
    latestView = view;
    if (root.dataset.state !== view.state) root.dataset.state = view.state;
    if (view.latency === null) delete root.dataset.latency;
    else root.dataset.latency = view.latency.toFixed(1);
    document.title = playerText.pageTitle(view.channelStatus?.title ?? title);
    onView(view);
  });

  stage.player.setStart(parseStart(window.location.search));
  window.broadcastPlayer = {
    video: stage.player.video,
    get hls() {
      const { engine } = stage.player;
      return engine !== null && 'hls' in engine ? (engine.hls as Hls) : null;
    },
    get state() {
      return latestView?.state ?? 'starting';
    },
    get latency() {
      return latestView?.latency ?? null;
    },
    playReplay: (url, replay) => stage.player.playReplay(url, replay),
    playLive: () => stage.player.playLive(),
  };
  return { urls, stage };
}

/** Shown for a URL without a channel. */
export function createNoChannelPage(): HTMLElement {
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
