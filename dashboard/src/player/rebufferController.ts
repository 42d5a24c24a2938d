import { type Engine, catchUpRate } from './engine';
import { type BufferSample, hasRecovered, isTooSlow, rebufferSeconds } from './rebufferPolicy';

/** The notice for viewers: no lower quality exists, or the selected quality is too high. */
export type RebufferNotice = 'only' | 'chosen';

/** Number of stalls to keep. */
const maxStalls = 20;
/** If no data arrives for this time in ms, the connection is lost and waiting is useless. */
const noDataMs = 8000;

/**
 * Handles connections that are slower than the lowest quality. After a stall, playback waits until some seconds are buffered, so that it
 * stalls less often but longer, and falls behind live. `rebufferPolicy.ts` contains the decisions.
 */
export class RebufferController {
  private readonly video: HTMLVideoElement;
  private engine: Engine | null = null;
  private readonly stalls: number[] = [];
  /** Playback stalled and has not waited for it yet. */
  private isStalled = false;
  private isSlowConnection = false;
  /** Seconds to buffer before playback continues; null while it plays. */
  private rebufferUntilSeconds: number | null = null;
  private rebufferCount = 0;
  private bufferedSeconds = 0;
  private bufferGrewAt = 0;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    video.addEventListener('waiting', () => this.onStall(performance.now()));
  }

  /** Whether playback waits for buffering. */
  get isHolding(): boolean {
    return this.rebufferUntilSeconds !== null;
  }

  /** Whether the connection is too slow for the stream. */
  get isSlow(): boolean {
    return this.isSlowConnection;
  }

  /** The notice to show; null for none. */
  get notice(): RebufferNotice | null {
    if (!this.isHolding || this.engine === null) return null;
    return isLowest(this.engine) ? 'only' : 'chosen';
  }

  /**
   * Call periodically.
   * @param engine null while nothing is attached
   * @param now in ms, of `performance.now()`
   * @returns true if the connection has just become too slow to stay at live
   */
  observe(engine: Engine | null, now: number): boolean {
    if (engine !== this.engine) this.setEngine(engine);
    if (engine === null) return false;
    const sampled = this.sample(engine, now);
    const wasSlow = this.isSlowConnection;
    if (this.isSlowConnection && hasRecovered(sampled)) this.isSlowConnection = false;
    else if (!this.isSlowConnection) this.isSlowConnection = isTooSlow(sampled);
    if (wasSlow !== this.isSlowConnection) engine.setSlowConnection?.(this.isSlowConnection);
    if (this.isHolding) this.releaseWhenBuffered(now);
    // The viewer's playback rate has priority. In an ended stream, the wait would end with the next call.
    else if (this.isSlowConnection && this.isStalled && !engine.isEnded && this.canHold) this.hold(engine, sampled);
    return this.isSlowConnection && !wasSlow;
  }

  private get canHold(): boolean {
    const { readyState, playbackRate, seeking, paused } = this.video;
    return readyState < 3 && playbackRate >= 1 && playbackRate <= catchUpRate && !seeking && !paused;
  }

  private onStall(now: number): void {
    const { engine, video } = this;
    // Start and seeks are not stalls.
    if (engine === null || video.seeking || video.currentTime === 0 || video.played.length === 0) return;
    this.isStalled = true;
    this.stalls.push(now);
    if (this.stalls.length > maxStalls) this.stalls.shift();
  }

  private hold(engine: Engine, sampled: BufferSample): void {
    const { start, end } = engine.timeline?.window ?? { start: 0, end: 0 };
    this.isStalled = false;
    this.rebufferUntilSeconds = rebufferSeconds(sampled, this.rebufferCount++, { behind: engine.secondsToLive ?? 0, window: end - start });
    this.bufferedSeconds = secondsBuffered(this.video);
    this.bufferGrewAt = sampled.now;
    // Not `pause()`, which would look like the viewer's pause.
    this.video.playbackRate = 0;
  }

  private releaseWhenBuffered(now: number): void {
    const bufferedSeconds = secondsBuffered(this.video);
    if (bufferedSeconds > this.bufferedSeconds) this.bufferGrewAt = now;
    this.bufferedSeconds = bufferedSeconds;
    const isRateChanged = this.video.playbackRate !== 0;
    if (
      isRateChanged ||
      !this.isSlowConnection ||
      bufferedSeconds >= (this.rebufferUntilSeconds ?? 0) ||
      now - this.bufferGrewAt > noDataMs ||
      this.engine?.isEnded === true
    )
      this.release();
  }

  private release(): void {
    this.rebufferUntilSeconds = null;
    if (this.video.playbackRate === 0) this.video.playbackRate = 1;
  }

  /** A new or restarted stream is evaluated anew. */
  private setEngine(engine: Engine | null): void {
    if (this.isHolding) this.release();
    this.engine = engine;
    this.isSlowConnection = false;
    this.rebufferCount = 0;
    this.isStalled = false;
    this.stalls.length = 0;
  }

  private sample(engine: Engine, now: number): BufferSample {
    const quality = engine.qualities.find(({ id }) => id === engine.currentQuality);
    return {
      stalls: this.stalls,
      now,
      bandwidth: engine.bandwidth ?? null,
      bitrate: quality?.bitrate ?? null,
      canGoLower: engine.chosenQuality === -1 && !isLowest(engine),
    };
  }
}

function isLowest({ qualities, currentQuality }: Engine): boolean {
  const current = qualities.find(({ id }) => id === currentQuality);
  return current === undefined || qualities.every(({ bitrate }) => bitrate >= current.bitrate);
}

function secondsBuffered({ buffered, currentTime }: HTMLVideoElement): number {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) >= currentTime) return buffered.end(i) - currentTime;
  }
  return 0;
}
