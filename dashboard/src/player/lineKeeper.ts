import { type Engine, catchUp } from './engine';
import { type LineSight, hasRecovered, isTooSlow, secondsToHold } from './slowLine';

/** What viewers are told: there is one quality only, or the one they chose is too much. */
export type LineNotice = 'only' | 'chosen';

/** Waits that are remembered. */
const waitsKept = 20;
/** Nothing came for so long, in ms: then the line is gone, and waiting for more is not the answer. */
const nothingCameMs = 8000;

/**
 * Keeps a stream watchable on a line that is slower than its lowest quality: when it runs dry, playback waits for some seconds of it and not for the next
 * picture, so that it stops seldom and for longer, and lets itself fall behind live. What to do is decided in `slowLine.ts`; here it is done.
 */
export class LineKeeper {
  private readonly video: HTMLVideoElement;
  private engine: Engine | null = null;
  private readonly waits: number[] = [];
  /** It ran dry, and has not waited for that yet. */
  private dry = false;
  private slow = false;
  /** Seconds to be loaded before it goes on; null while it plays. */
  private until: number | null = null;
  private holds = 0;
  private ahead = 0;
  private grewAt = 0;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    video.addEventListener('waiting', () => this.ranDry(performance.now()));
  }

  /** Playback stands still on purpose, while more comes. */
  get isHolding(): boolean {
    return this.until !== null;
  }

  /** The line is known to be slower than what there is to play. */
  get isSlow(): boolean {
    return this.slow;
  }

  /** What to tell the viewer now; null for nothing. */
  get notice(): LineNotice | null {
    if (!this.isHolding || this.engine === null) return null;
    return isLowest(this.engine) ? 'only' : 'chosen';
  }

  /**
   * Looks at what plays, again and again.
   * @param engine null while nothing is attached
   * @param now in ms, of `performance.now()`
   * @returns true when the line has just turned out to be too slow: live is not to be kept up with from here on
   */
  observe(engine: Engine | null, now: number): boolean {
    if (engine !== this.engine) this.changeTo(engine);
    if (engine === null) return false;
    const sight = this.sightOf(engine, now);
    const was = this.slow;
    if (this.slow && hasRecovered(sight)) this.slow = false;
    else if (!this.slow) this.slow = isTooSlow(sight);
    if (was !== this.slow) engine.ease?.(this.slow);
    if (this.isHolding) this.goOnWhenEnough(now);
    // Who chose another speed has it. What is over is not waited in: it would end at the next look.
    else if (this.slow && this.dry && !engine.closed && this.canHold) this.hold(engine, sight);
    return this.slow && !was;
  }

  private get canHold(): boolean {
    const { readyState, playbackRate, seeking, paused } = this.video;
    return readyState < 3 && playbackRate >= 1 && playbackRate <= catchUp && !seeking && !paused;
  }

  private ranDry(now: number): void {
    const { engine, video } = this;
    // The beginning, and a jump, are no waits.
    if (engine === null || video.seeking || video.currentTime === 0 || video.played.length === 0) return;
    this.dry = true;
    this.waits.push(now);
    if (this.waits.length > waitsKept) this.waits.shift();
  }

  private hold(engine: Engine, sight: LineSight): void {
    const { start, end } = engine.timeline?.window ?? { start: 0, end: 0 };
    this.dry = false;
    this.until = secondsToHold(sight, this.holds++, { behind: engine.secondsToLive ?? 0, window: end - start });
    this.ahead = secondsAhead(this.video);
    this.grewAt = sight.now;
    // Not paused, which would be the viewer's doing.
    this.video.playbackRate = 0;
  }

  private goOnWhenEnough(now: number): void {
    const ahead = secondsAhead(this.video);
    if (ahead > this.ahead) this.grewAt = now;
    this.ahead = ahead;
    const overruled = this.video.playbackRate !== 0;
    if (overruled || !this.slow || ahead >= (this.until ?? 0) || now - this.grewAt > nothingCameMs || this.engine?.closed === true) this.release();
  }

  private release(): void {
    this.until = null;
    if (this.video.playbackRate === 0) this.video.playbackRate = 1;
  }

  /** Another stream, or the same anew, may be another matter; what the line was is remembered until it has shown itself. */
  private changeTo(engine: Engine | null): void {
    if (this.isHolding) this.release();
    this.engine = engine;
    this.slow = false;
    this.holds = 0;
    this.dry = false;
    this.waits.length = 0;
  }

  private sightOf(engine: Engine, now: number): LineSight {
    const quality = engine.qualities.find(({ id }) => id === engine.currentQuality);
    return { waits: this.waits, now, bandwidth: engine.bandwidth ?? null, bitrate: quality?.bitrate ?? null, canGoLower: engine.chosenQuality === -1 && !isLowest(engine) };
  }
}

function isLowest({ qualities, currentQuality }: Engine): boolean {
  const current = qualities.find(({ id }) => id === currentQuality);
  return current === undefined || qualities.every(({ bitrate }) => bitrate >= current.bitrate);
}

function secondsAhead({ buffered, currentTime }: HTMLVideoElement): number {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) >= currentTime) return buffered.end(i) - currentTime;
  }
  return 0;
}
