import type { Engine, EngineEvents, Quality } from './engine';

/** Safari's own: when the first picture of the stream was taken. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?(): Date;
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

  static supports(video: HTMLVideoElement): boolean {
    return video.canPlayType(hlsType) !== '';
  }

  constructor(video: HTMLVideoElement, playlist: string, events: EngineEvents) {
    this.video = video;
    this.playlist = playlist;
    this.events = events;
    video.addEventListener('error', () => this.onError(), { signal: this.listening.signal });
    video.addEventListener('durationchange', () => { if (this.closed) events.onClosed(); }, { signal: this.listening.signal });
    video.src = playlist;
  }

  /** A live stream has no duration; a closed one has. */
  get closed(): boolean {
    return this.video.readyState > 0 && Number.isFinite(this.video.duration);
  }

  get pictureDate(): Date | null {
    const start = this.video.getStartDate?.();
    if (start === undefined || Number.isNaN(start.getTime())) return null;
    return new Date(start.getTime() + this.video.currentTime * 1000);
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
    if (live !== null) this.video.currentTime = live;
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

  private get livePosition(): number | null {
    const ranges = this.video.seekable;
    return ranges.length === 0 ? null : Math.max(0, ranges.end(ranges.length - 1) - holdBack * this.targetDuration);
  }

  private reload(): void {
    this.video.src = this.playlist;
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
