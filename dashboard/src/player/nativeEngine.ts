import type { Begin, Engine, EngineEvents, Quality } from './engine';
import { isBehindLive } from './latency';
import { startPosition } from './start';
import { PlaylistTimeline, type Timeline } from './timeline';
import type { Track } from './tracks';

/** Safari's own. */
interface AppleAudioTrack {
  enabled: boolean;
  readonly label: string;
  readonly language: string;
}

interface DatedVideo extends HTMLVideoElement {
  /** When the first picture of the stream was taken. */
  getStartDate?(): Date;
  readonly audioTracks?: ArrayLike<AppleAudioTrack>;
}

const hlsType = 'application/vnd.apple.mpegurl';
/** What Safari keeps between its live position and the end of what it may seek to, in target durations. */
const holdBack = 3;

/** Playback by the browser itself: Safari without Media Source Extensions. It chooses the quality alone. */
export class NativeEngine implements Engine {
  readonly qualities: readonly Quality[] = [];
  readonly chosenQuality = -1;
  readonly currentQuality = -1;
  readonly targetDuration = 3;
  private readonly video: DatedVideo;
  private readonly playlist: string;
  private readonly events: EngineEvents;
  private readonly listening = new AbortController();
  /** Where it begins once the playlist is there; null when it has begun. */
  private next: { begin: Begin } | null;
  /** Where the browser began by itself, and when (`performance.now()`). */
  private began: { position: number; at: number } | null = null;

  static supports(video: HTMLVideoElement): boolean {
    return video.canPlayType(hlsType) !== '';
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents, begin: Begin) {
    this.video = video;
    this.playlist = playlist;
    this.events = events;
    this.next = { begin };
    video.addEventListener('error', () => this.onError(), { signal: this.listening.signal });
    video.addEventListener('loadedmetadata', () => this.begin(), { signal: this.listening.signal });
    video.addEventListener('playing', () => { this.began ??= { position: video.currentTime, at: performance.now() }; }, { signal: this.listening.signal });
    video.addEventListener('durationchange', () => { if (this.closed) events.onClosed(); }, { signal: this.listening.signal });
    video.src = playlist;
  }

  /** A live stream has no duration; a closed one has. */
  get closed(): boolean {
    return this.video.readyState > 0 && Number.isFinite(this.video.duration);
  }

  get pictureDate(): Date | null {
    const start = this.startDate;
    return start === null ? null : new Date(start + this.video.currentTime * 1000);
  }

  /** The browser tells neither gaps nor where its clock jumps. */
  get timeline(): Timeline | null {
    const ranges = this.video.seekable;
    if (ranges.length === 0) return null;
    const start = ranges.start(0);
    const end = this.closed ? ranges.end(ranges.length - 1) : this.livePosition ?? start;
    const date = this.startDate;
    return new PlaylistTimeline([{ start, duration: end - start, programDateTime: date === null ? null : date + start * 1000 }], { start: Math.min(start, end), end });
  }

  get audioTracks(): readonly Track[] {
    return this.sounds.map(({ label, language }, id) => ({ id, label, language: language === '' ? null : language }));
  }

  get chosenAudio(): number {
    return this.sounds.findIndex((track) => track.enabled);
  }

  chooseAudio(id: number): void {
    this.sounds.forEach((track, at) => { track.enabled = at === id; });
  }

  followLive(): void {
    // The browser does as it likes.
  }

  get secondsToLive(): number | null {
    const live = this.livePosition;
    return live === null ? null : live - this.video.currentTime;
  }

  chooseQuality(): void {
    // There is nothing to choose from.
  }

  goLive(): void {
    const live = this.livePosition;
    if (live !== null && this.video.seekable.length > 0) this.video.currentTime = live;
    else if (this.began !== null && !this.closed) {
      // Nowhere to jump to: the browser finds live anew.
      this.next = { begin: null };
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
    this.listening.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  private get startDate(): number | null {
    const start = this.video.getStartDate?.().getTime();
    return start === undefined || Number.isNaN(start) ? null : start;
  }

  private get sounds(): AppleAudioTrack[] {
    return Array.from(this.video.audioTracks ?? []);
  }

  private begin(): void {
    const { next, timeline } = this;
    if (next === null) return;
    this.next = null;
    const { begin } = next;
    const position = typeof begin === 'function' ? (timeline === null ? null : begin(timeline)) : begin;
    if (position !== null) this.video.currentTime = position;
  }

  private get livePosition(): number | null {
    const ranges = this.video.seekable;
    if (ranges.length > 0) return Math.max(0, ranges.end(ranges.length - 1) - holdBack * this.targetDuration);
    // Chromium lets nobody go back in what is live: live is as far on from where it began as time has passed.
    return this.began === null ? null : this.began.position + (performance.now() - this.began.at) / 1000;
  }

  /** Loading anew stops the video and forgets the place. */
  private reload(): void {
    const plays = !this.video.paused;
    this.next ??= { begin: this.placeNow };
    this.began = null;
    this.video.src = this.playlist;
    // Now and not when it has loaded: who pauses meanwhile has the last word. What the browser refuses shows as a picture that stands still.
    if (plays) void this.video.play().catch(() => undefined);
  }

  /** Live stays live; elsewhere by wall clock, because a live stream counts from another begin each time. */
  private get placeNow(): Begin {
    if (this.closed) return this.video.currentTime;
    const ms = this.pictureDate?.getTime();
    if (ms === undefined || !isBehindLive(this.secondsToLive, this.targetDuration)) return null;
    return (timeline) => startPosition({ kind: 'clock', ms }, timeline, null);
  }

  private onError(): void {
    switch (this.video.error?.code) {
      case MediaError.MEDIA_ERR_NETWORK:
        return this.events.onTrouble('network');
      case MediaError.MEDIA_ERR_DECODE:
        return this.events.onTrouble('media');
      default:
        // Also what Safari says to a playlist that is not there yet.
        return this.events.onTrouble('playlist');
    }
  }
}
