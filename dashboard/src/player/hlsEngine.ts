import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type HlsConfig } from 'hls.js';
import { type Begin, type Engine, type EngineEvents, type Quality, catchUp } from './engine';
import { captionConfig } from './hlsCaptions';
import { LineMemory, estimateOfLine } from './lineMemory';
import { loadPreferences } from './preferences';
import type { Trouble } from './recovery';
import { PlaylistTimeline, type Timeline } from './timeline';
import type { Track } from './tracks';

/**
 * How far behind the live edge to play is not set here on purpose: with a value of our own hls.js would not look at the
 * playlist's HOLD-BACK and PART-HOLD-BACK. Without them it keeps three target durations.
 */
const config: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // With the end of what is known for a duration, WebKit takes a live stream that waits there for one that is over, and stops it.
  liveDurationInfinity: true,
  maxLiveSyncPlaybackRate: catchUp,
  // Seconds kept behind the picture, so that a page left open for a day does not grow.
  backBufferLength: 20,
  // CMAF passes through as it is. Without the worker no script is made from a blob, and none has to be allowed.
  enableWorker: false,
  // A phone does not load more lines than it has.
  capLevelToPlayerSize: true,
  // What the product does not make.
  enableInterstitialPlayback: false,
  ...captionConfig,
};

/** Fragments of the picture from which on the measured line is believed. */
const fragmentsToMeasure = 2;

/** Playback through Media Source Extensions, which every browser but older iPhones has. */
export class HlsEngine implements Engine {
  readonly hls: Hls;
  closed = false;
  private readonly video: HTMLVideoElement;
  private readonly events: EngineEvents;
  private readonly listening = new AbortController();
  private readonly memory = new LineMemory();
  private fragments = 0;
  private eased = false;
  private drawn: { details: object; end: number; timeline: Timeline } | null = null;

  static get supported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents, begin: Begin) {
    this.video = video;
    this.events = events;
    const { audio } = loadPreferences();
    this.hls = new Hls({
      ...config,
      // In bits per second, until something of this stream was measured.
      abrEwmaDefaultEstimate: estimateOfLine(),
      ...(typeof begin === 'number' ? { startPosition: begin } : {}),
      ...(audio === null ? {} : { audioPreference: { lang: audio } }),
    });
    this.hls.on(Events.ERROR, (_, error) => this.onError(error));
    this.hls.on(Events.MANIFEST_PARSED, () => events.onQualities());
    this.hls.on(Events.LEVELS_UPDATED, () => events.onQualities());
    this.hls.on(Events.LEVEL_SWITCHED, () => events.onQualities());
    this.hls.on(Events.FRAG_BUFFERED, (_, { frag }) => {
      if (frag.type !== 'main' || frag.sn === 'initSegment') return;
      this.fragments++;
      this.memory.loaded(this.hls.bandwidthEstimate);
    });
    this.hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      if (details.live || this.closed) return;
      this.closed = true;
      events.onClosed();
    });
    // Not before: until then hls.js goes to its own place. Nothing of it is seen, because the picture is shown once it moves.
    if (typeof begin === 'function') video.addEventListener('canplay', () => this.goTo(begin), { once: true, signal: this.listening.signal });
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

  get bandwidth(): number | null {
    return this.fragments < fragmentsToMeasure ? null : this.hls.bandwidthEstimate;
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

  get timeline(): Timeline | null {
    const details = this.hls.latestLevelDetails;
    const first = details?.fragments[0];
    if (details === null || details === undefined || first === undefined) return null;
    const end = details.live ? this.hls.liveSyncPosition ?? details.edge : details.edge;
    if (this.drawn?.details !== details || this.drawn.end !== end) {
      // The oldest segment of a window that slides is gone before it has loaded.
      const start = details.live && details.type !== 'EVENT' ? first.start + details.targetduration : first.start;
      const window = { start: Math.min(start, end), end };
      this.drawn = { details, end, timeline: new PlaylistTimeline(details.fragments, window) };
    }
    return this.drawn.timeline;
  }

  get audioTracks(): readonly Track[] {
    return this.hls.audioTracks.map((track) => ({ id: track.id, label: track.name, language: track.lang ?? null }));
  }

  get chosenAudio(): number {
    return this.hls.audioTrack;
  }

  chooseAudio(id: number): void {
    this.hls.audioTrack = id;
  }

  followLive(follow: boolean): void {
    this.hls.config.maxLiveSyncPlaybackRate = follow && !this.eased ? catchUp : 1;
  }

  ease(slow: boolean): void {
    this.eased = slow;
    if (!slow) return;
    this.followLive(false);
    // hls.js leaves the speed as it is once it may not hasten.
    const { playbackRate } = this.video;
    if (playbackRate > 1 && playbackRate <= catchUp) this.video.playbackRate = 1;
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
    this.listening.abort();
    this.hls.destroy();
  }

  private goTo(begin: (timeline: Timeline) => number | null): void {
    const position = this.timeline === null ? null : begin(this.timeline);
    if (position !== null) this.video.currentTime = position;
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
