import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type HlsConfig } from 'hls.js';
import type { Engine, EngineEvents, Quality } from './engine';
import type { Trouble } from './recovery';

/**
 * How far behind the live edge to play is not set here on purpose: with a value of our own hls.js would not look at the
 * playlist's HOLD-BACK and PART-HOLD-BACK. Without them it keeps three target durations.
 */
const config: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // Catches up the tenths that a stall costs, too little to be heard.
  maxLiveSyncPlaybackRate: 1.05,
  // Seconds kept behind the picture, so that a page left open for a day does not grow.
  backBufferLength: 20,
  // CMAF passes through as it is. Without the worker no script is made from a blob, and none has to be allowed.
  enableWorker: false,
  // A phone does not load more lines than it has.
  capLevelToPlayerSize: true,
  // A guess for the first segment, in bits per second, until something was measured.
  abrEwmaDefaultEstimate: 3_000_000,
  // What the product does not make.
  enableInterstitialPlayback: false,
  enableCEA708Captions: false,
};

/** Playback through Media Source Extensions, which every browser but older iPhones has. */
export class HlsEngine implements Engine {
  readonly hls: Hls;
  closed = false;
  private readonly video: HTMLVideoElement;
  private readonly events: EngineEvents;

  static get supported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents) {
    this.video = video;
    this.events = events;
    this.hls = new Hls(config);
    this.hls.on(Events.ERROR, (_, error) => this.onError(error));
    this.hls.on(Events.MANIFEST_PARSED, () => events.onQualities());
    this.hls.on(Events.LEVELS_UPDATED, () => events.onQualities());
    this.hls.on(Events.LEVEL_SWITCHED, () => events.onQualities());
    this.hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      if (details.live || this.closed) return;
      this.closed = true;
      events.onClosed();
    });
    this.hls.attachMedia(video);
    this.hls.loadSource(playlist);
  }

  get qualities(): readonly Quality[] {
    return this.hls.levels
      .map((level, id) => ({ id, width: level.width, height: level.height, frameRate: level.frameRate, bitrate: level.bitrate }))
      .sort((a, b) => b.height - a.height || b.bitrate - a.bitrate);
  }

  get chosenQuality(): number {
    return this.hls.autoLevelEnabled ? -1 : this.hls.loadLevel;
  }

  get currentQuality(): number {
    return this.hls.currentLevel;
  }

  get pictureDate(): Date | null {
    return this.hls.playingDate;
  }

  get secondsToLive(): number | null {
    const live = this.hls.liveSyncPosition;
    return live === null ? null : live - this.video.currentTime;
  }

  get targetDuration(): number {
    return this.hls.latestLevelDetails?.targetduration ?? 2;
  }

  chooseQuality(id: number): void {
    // From the next segment on: the picture does not stop for it.
    this.hls.nextLevel = id;
  }

  goLive(): void {
    const live = this.hls.liveSyncPosition;
    if (live !== null) this.video.currentTime = live;
  }

  resume(): void {
    this.hls.startLoad();
  }

  recoverMedia(): void {
    this.hls.recoverMediaError();
  }

  destroy(): void {
    this.hls.destroy();
  }

  private onError(error: ErrorData): void {
    // What is not fatal hls.js gets over by itself.
    if (error.fatal) this.events.onTrouble(troubleOf(error));
  }
}

function troubleOf(error: ErrorData): Trouble {
  switch (error.details) {
    case ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR:
    case ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR:
    case ErrorDetails.BUFFER_ADD_CODEC_ERROR:
      return 'unsupported';
    case ErrorDetails.MANIFEST_LOAD_ERROR:
    case ErrorDetails.MANIFEST_LOAD_TIMEOUT:
    case ErrorDetails.MANIFEST_PARSING_ERROR:
      return 'playlist';
    default:
      return error.type === ErrorTypes.NETWORK_ERROR ? 'network' : 'media';
  }
}
