import type { InitialPosition, Engine, EngineEvents, Quality } from './engine';
import { isBehindLive } from './latency';
import { resolveStart } from './start';
import { PlaylistTimeline, type Timeline } from './timeline';
import type { Track } from './tracks';

/** Safari's audio tracks. */
interface AppleAudioTrack {
  enabled: boolean;
  readonly label: string;
  readonly language: string;
}

interface DatedVideo extends HTMLVideoElement {
  /** Capture time of the stream's first frame. */
  getStartDate?(): Date;
  readonly audioTracks?: ArrayLike<AppleAudioTrack>;
}

const hlsType = 'application/vnd.apple.mpegurl';
/** Safari's distance between its live position and the end of the seekable range, in target durations. */
const holdBack = 3;

/** Native HLS playback: Safari without Media Source Extensions. The browser selects the quality. */
export class NativeEngine implements Engine {
  readonly qualities: readonly Quality[] = [];
  readonly chosenQuality = -1;
  readonly currentQuality = -1;
  readonly targetDuration = 3;
  private readonly video: DatedVideo;
  private readonly playlist: string;
  private readonly events: EngineEvents;
  private readonly listeners = new AbortController();
  /** Where to start once the playlist is loaded; null after the start. */
  private pendingStart: { applyInitialPosition: InitialPosition } | null;
  /** Where and when (`performance.now()`) the browser started playback. */
  private playbackStart: { position: number; at: number } | null = null;

  static supports(video: HTMLVideoElement): boolean {
    return video.canPlayType(hlsType) !== '';
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents, applyInitialPosition: InitialPosition) {
    this.video = video;
    this.playlist = playlist;
    this.events = events;
    this.pendingStart = { applyInitialPosition };
    video.addEventListener('error', () => this.onVideoError(), { signal: this.listeners.signal });
    video.addEventListener('loadedmetadata', () => this.applyInitialPosition(), { signal: this.listeners.signal });
    video.addEventListener(
      'playing',
      () => {
        this.playbackStart ??= { position: video.currentTime, at: performance.now() };
      },
      { signal: this.listeners.signal },
    );
    video.addEventListener(
      'durationchange',
      () => {
        if (this.isEnded) events.onEnded();
      },
      { signal: this.listeners.signal },
    );
    video.src = playlist;
  }

  /** A live stream has an infinite duration. */
  get isEnded(): boolean {
    return this.video.readyState > 0 && Number.isFinite(this.video.duration);
  }

  get frameDate(): Date | null {
    const start = this.startTime;
    return start === null ? null : new Date(start + this.video.currentTime * 1000);
  }

  /** The browser reports neither gaps nor jumps of the wall-clock time. */
  get timeline(): Timeline | null {
    const ranges = this.video.seekable;
    if (ranges.length === 0) return null;
    const start = ranges.start(0);
    const end = this.isEnded ? ranges.end(ranges.length - 1) : (this.livePosition ?? start);
    const date = this.startTime;
    return new PlaylistTimeline([{ start, duration: end - start, programDateTime: date === null ? null : date + start * 1000 }], {
      start: Math.min(start, end),
      end,
    });
  }

  get audioTracks(): readonly Track[] {
    return this.audioTrackList.map(({ label, language }, id) => ({ id, label, language: language === '' ? null : language }));
  }

  get chosenAudio(): number {
    return this.audioTrackList.findIndex((track) => track.enabled);
  }

  chooseAudio(id: number): void {
    this.audioTrackList.forEach((track, at) => {
      track.enabled = at === id;
    });
  }

  followLive(): void {
    // Controlled by the browser.
  }

  get secondsToLive(): number | null {
    const live = this.livePosition;
    return live === null ? null : live - this.video.currentTime;
  }

  chooseQuality(): void {
    // Not supported by native playback.
  }

  goLive(): void {
    const live = this.livePosition;
    if (live !== null && this.video.seekable.length > 0) this.video.currentTime = live;
    else if (this.playbackStart !== null && !this.isEnded) {
      // Without a seekable range, reload: the browser starts at live.
      this.pendingStart = { applyInitialPosition: null };
      this.reload();
    }
  }

  resume(): void {
    this.reload();
  }

  recoverMedia(): void {
    this.reload();
  }

  destroy(): void {
    this.listeners.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  private get startTime(): number | null {
    const start = this.video.getStartDate?.().getTime();
    return start === undefined || Number.isNaN(start) ? null : start;
  }

  private get audioTrackList(): AppleAudioTrack[] {
    return Array.from(this.video.audioTracks ?? []);
  }

  private applyInitialPosition(): void {
    const { pendingStart, timeline } = this;
    if (pendingStart === null) return;
    this.pendingStart = null;
    const { applyInitialPosition } = pendingStart;
    const position =
      typeof applyInitialPosition === 'function' ? (timeline === null ? null : applyInitialPosition(timeline)) : applyInitialPosition;
    if (position !== null) this.video.currentTime = position;
  }

  private get livePosition(): number | null {
    const ranges = this.video.seekable;
    if (ranges.length > 0) return Math.max(0, ranges.end(ranges.length - 1) - holdBack * this.targetDuration);
    // Chromium offers no seekable range for live streams. Estimate live from the start and the elapsed time.
    return this.playbackStart === null ? null : this.playbackStart.position + (performance.now() - this.playbackStart.at) / 1000;
  }

  /** Reloading stops the video and loses the position. */
  private reload(): void {
    const wasPlaying = !this.video.paused;
    this.pendingStart ??= { applyInitialPosition: this.currentPosition };
    this.playbackStart = null;
    this.video.src = this.playlist;
    // Play immediately, so that a pause by the viewer during loading wins. A rejection shows as a stall.
    if (wasPlaying) void this.video.play().catch(() => undefined);
  }

  /** Live stays live. Otherwise by wall-clock time, because the time base changes with each load. */
  private get currentPosition(): InitialPosition {
    if (this.isEnded) return this.video.currentTime;
    const ms = this.frameDate?.getTime();
    if (ms === undefined || !isBehindLive(this.secondsToLive, this.targetDuration)) return null;
    return (timeline) => resolveStart({ kind: 'clock', ms }, timeline, null);
  }

  private onVideoError(): void {
    switch (this.video.error?.code) {
      case MediaError.MEDIA_ERR_NETWORK:
        return this.events.onError('network');
      case MediaError.MEDIA_ERR_DECODE:
        return this.events.onError('media');
      default:
        // Safari also reports this for a missing playlist.
        return this.events.onError('playlist');
    }
  }
}
