import Hls, { type ErrorData, ErrorDetails, ErrorTypes, Events, type HlsConfig } from 'hls.js';
import { type InitialPosition, type Engine, type EngineEvents, type Quality, catchUpRate } from './engine';
import { captionConfig } from './hlsCaptions';
import { BandwidthHistory, initialBandwidth } from './bandwidthHistory';
import { loadPreferences } from './preferences';
import type { PlaybackError } from './recovery';
import { PlaylistTimeline, type Timeline } from './timeline';
import type { Track } from './tracks';

/**
 * The live offset is deliberately not set: hls.js would then ignore the playlist's HOLD-BACK and PART-HOLD-BACK. Without them it keeps
 * three target durations.
 */
const config: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // With a finite duration, WebKit takes a live stream that waits at its end for a finished one, and stops it.
  liveDurationInfinity: true,
  maxLiveSyncPlaybackRate: catchUpRate,
  // Seconds of played media to keep, so that memory does not grow.
  backBufferLength: 20,
  // CMAF needs no transmuxing. Without the worker, the CSP need not allow blob scripts.
  enableWorker: false,
  // Do not load a resolution that exceeds the player's size.
  capLevelToPlayerSize: true,
  // Features that the server does not use.
  enableInterstitialPlayback: false,
  ...captionConfig,
};

/** Number of video fragments before the measured bandwidth is used. */
const minFragments = 2;

/** Playback with Media Source Extensions, which all browsers except older iPhones support. */
export class HlsEngine implements Engine {
  readonly hls: Hls;
  isEnded = false;
  private readonly video: HTMLVideoElement;
  private readonly events: EngineEvents;
  private readonly listeners = new AbortController();
  private readonly bandwidthHistory = new BandwidthHistory();
  private fragments = 0;
  private isSlow = false;
  private cachedTimeline: { details: object; end: number; timeline: Timeline } | null = null;

  static get supported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents, initialPosition: InitialPosition) {
    this.video = video;
    this.events = events;
    const { audio } = loadPreferences();
    this.hls = new Hls({
      ...config,
      // Bits per second, until bandwidth was measured.
      abrEwmaDefaultEstimate: initialBandwidth(),
      ...(typeof initialPosition === 'number' ? { startPosition: initialPosition } : {}),
      ...(audio === null ? {} : { audioPreference: { lang: audio } }),
    });
    this.hls.on(Events.ERROR, (_, error) => this.onHlsError(error));
    this.hls.on(Events.MANIFEST_PARSED, () => events.onQualities());
    this.hls.on(Events.LEVELS_UPDATED, () => events.onQualities());
    this.hls.on(Events.LEVEL_SWITCHED, () => events.onQualities());
    this.hls.on(Events.FRAG_BUFFERED, (_, { frag }) => {
      if (frag.type !== 'main' || frag.sn === 'initSegment') return;
      this.fragments++;
      this.bandwidthHistory.onFragment(this.hls.bandwidthEstimate);
    });
    this.hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      if (details.live || this.isEnded) return;
      this.isEnded = true;
      events.onEnded();
    });
    // Earlier, hls.js would seek to its own position. Viewers do not see that: video is shown once it advances.
    if (typeof initialPosition === 'function')
      video.addEventListener('canplay', () => this.applyInitialPosition(initialPosition), { once: true, signal: this.listeners.signal });
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
    return this.fragments < minFragments ? null : this.hls.bandwidthEstimate;
  }

  get frameDate(): Date | null {
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
    const end = details.live ? (this.hls.liveSyncPosition ?? details.edge) : details.edge;
    if (this.cachedTimeline?.details !== details || this.cachedTimeline.end !== end) {
      // The oldest segment of a sliding window may be removed while it loads.
      const start = details.live && details.type !== 'EVENT' ? first.start + details.targetduration : first.start;
      const window = { start: Math.min(start, end), end };
      this.cachedTimeline = { details, end, timeline: new PlaylistTimeline(details.fragments, window) };
    }
    return this.cachedTimeline.timeline;
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
    this.hls.config.maxLiveSyncPlaybackRate = follow && !this.isSlow ? catchUpRate : 1;
  }

  setSlowConnection(slow: boolean): void {
    this.isSlow = slow;
    if (!slow) return;
    this.followLive(false);
    // hls.js does not reset the playback rate when catching up is disabled.
    const { playbackRate } = this.video;
    if (playbackRate > 1 && playbackRate <= catchUpRate) this.video.playbackRate = 1;
  }

  chooseQuality(id: number): void {
    // From the next segment, without interrupting playback.
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
    this.listeners.abort();
    this.hls.destroy();
  }

  private applyInitialPosition(initialPosition: (timeline: Timeline) => number | null): void {
    const position = this.timeline === null ? null : initialPosition(this.timeline);
    if (position !== null) this.video.currentTime = position;
  }

  private onHlsError(error: ErrorData): void {
    // hls.js recovers from non-fatal errors itself.
    if (error.fatal) this.events.onError(playbackErrorOf(error));
  }
}

function playbackErrorOf(error: ErrorData): PlaybackError {
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
