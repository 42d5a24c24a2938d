import type { ChannelAddress, EmbedOptions } from './address';
import type { Broadcast, Report } from './broadcast';
import type { Engine } from './engine';
import { type EngineMaker, findEngine } from './findEngine';
import { isBehindLive, latencySeconds } from './latency';
import { Progress } from './progress';
import { Recovery, type Trouble } from './recovery';
import { ServerClock } from './serverClock';
import { Sound } from './sound';
import { type Failure, type Picture, type Verdict, decide, hasNextSession, shouldAttach, shouldDetach } from './state';
import { StatusPoller } from './statusPoller';

const tickMs = 500;
/** Standing still for less is ordinary buffering. */
const stalledAfterMs = 2500;
/** The server goes on, we stand still: jump ahead first, then start again. */
const nudgeAfterMs = 6000;
const stuckAfterMs = 12_000;
/** Running this long after a stall, playback knows where it is. */
const settledAfterMs = 2500;
/** Running this long, whatever was wrong is over. */
const goodAfterMs = 5000;
const clockEveryMs = 5 * 60_000;

/** Everything the page draws. */
export interface PlayerView extends Verdict {
  channel: string;
  broadcast: Broadcast | null;
  /** The viewer wants it to run, whether it does or not. */
  wantsPlay: boolean;
  /** Nothing plays until the viewer asks for it: autoplay is off or forbidden. */
  needsTap: boolean;
  /** The browser allowed playback only without sound. */
  mutedByBrowser: boolean;
  buffering: boolean;
  behindLive: boolean;
  secondsToLive: number | null;
  latency: number | null;
  /** Milliseconds since 1970, as the server counts them. */
  now: number;
  engine: Engine | null;
}

/**
 * Keeps one channel playing: asks the server what it does, attaches a stream when there is one, mends what breaks, and tells what
 * to draw. What to do is decided in `state.ts` and `recovery.ts`; here it is done.
 */
export class Player {
  engine: Engine | null = null;
  readonly video: HTMLVideoElement;
  readonly sound: Sound;
  private readonly address: ChannelAddress;
  private readonly draw: (view: PlayerView) => void;
  private readonly poller: StatusPoller;
  private readonly clock: ServerClock;
  private readonly recovery = new Recovery();
  private readonly progress = new Progress(performance.now());
  private makeEngine: EngineMaker | null = null;

  private session: string | null = null;
  private shown = false;
  private failure: Failure | null = null;
  private wantsPlay = true;
  private needsTap = false;
  /** The viewer paused and so chose to be behind; otherwise playback returns to live after a stall. */
  private behindByChoice = false;
  private loadingFailed = false;
  private nudged = false;
  /** Playback stood still, and has not been checked against live since. */
  private fellBack = false;
  private edge: string | null = null;
  private edgeMovedAt = 0;
  private remedyTimer: number | undefined;
  private phase: Picture['phase'] = 'none';
  private lastTick = Date.now();
  private clockAskedAt = Number.NEGATIVE_INFINITY;

  constructor(address: ChannelAddress, options: EmbedOptions, video: HTMLVideoElement, draw: (view: PlayerView) => void) {
    this.address = address;
    this.video = video;
    this.draw = draw;
    this.needsTap = !options.autoplay;
    this.clock = new ServerClock(address.time);
    this.poller = new StatusPoller(address.status, () => this.phase === 'playing', (report) => this.onReport(report));
    this.sound = new Sound(video, options.muted);
  }

  /** What the server said last. */
  get report(): Report {
    return this.poller.report;
  }

  async start(): Promise<void> {
    this.listen();
    this.poller.ask();
    this.redraw();
    try {
      this.makeEngine = await findEngine(this.video);
      if (this.makeEngine === null) this.failure = 'unsupported';
    } catch {
      // The script did not arrive.
      this.failure = 'media';
    }
    window.setInterval(() => this.tick(), tickMs);
    this.reconcile();
  }

  toggle(): void {
    if (this.wantsPlay && !this.needsTap) this.pause();
    else this.play();
  }

  play(): void {
    if (this.needsTap) this.sound.restore();
    this.needsTap = false;
    this.wantsPlay = true;
    this.progress.expect(performance.now());
    if (hasNextSession(this.report, this.picture) || this.phase === 'finished') this.detach();
    if (this.engine !== null) void this.tryPlay();
    this.reconcile();
  }

  pause(): void {
    this.wantsPlay = false;
    this.behindByChoice = true;
    this.video.pause();
    this.reconcile();
  }

  goLive(): void {
    this.behindByChoice = false;
    this.engine?.goLive();
    this.play();
  }

  chooseQuality(id: number): void {
    this.engine?.chooseQuality(id);
    this.redraw();
  }

  /** The viewer's button: forget what failed and begin anew. */
  retry(): void {
    if (this.makeEngine === null) {
      window.location.reload();
      return;
    }
    this.failure = null;
    this.recovery.forget();
    this.detach();
    this.poller.ask();
    this.reconcile();
  }

  private listen(): void {
    const video = this.video;
    video.addEventListener('play', () => { this.wantsPlay = true; this.redraw(); });
    // Also headphones and the operating system pause. Without data it is not a person: a stream is being changed.
    video.addEventListener('pause', () => {
      if (video.readyState > 0 && !video.ended) this.wantsPlay = false;
      this.redraw();
    });
    for (const event of ['playing', 'ended', 'waiting', 'seeked']) video.addEventListener(event, () => this.tick());
    video.addEventListener('volumechange', () => this.redraw());
    window.addEventListener('online', () => this.wake());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.poller.ask(); });
  }

  private onReport(report: Report): void {
    if (report.kind === 'answer') {
      if (this.loadingFailed) this.resumeNow();
      if (report.broadcast.liveEdge === null || report.broadcast.liveEdge !== this.edge) this.edgeMovedAt = performance.now();
      this.edge = report.broadcast.liveEdge;
    }
    if (report.kind !== 'unreachable' && performance.now() - this.clockAskedAt > clockEveryMs) this.askClock();
    this.reconcile();
  }

  private tick(): void {
    const now = performance.now();
    const slept = Date.now() - this.lastTick > 15_000;
    this.lastTick = Date.now();

    const { video } = this;
    const moved = this.progress.observe(video.currentTime, !video.paused && !video.seeking && video.readyState >= 3, now);
    if (moved) {
      this.shown = true;
      this.nudged = false;
      this.loadingFailed = false;
      if (this.progress.movingFor(now) > goodAfterMs) {
        this.recovery.forget();
        this.failure = null;
      }
    }
    this.reconcile();
    if (this.phase === 'stalled') {
      // What the server said while all was well may be old.
      if (!this.fellBack) this.poller.ask();
      this.fellBack = true;
    }
    // Not at once: the playlist that says where live is now may still be on its way.
    if (this.phase === 'playing' && this.fellBack && this.progress.movingFor(now) > settledAfterMs) this.returnToLive();
    if (slept) this.wake();
    this.watch(now);
  }

  /** Compares what is attached with what should be, and mends the difference. */
  private reconcile(): void {
    this.phase = this.currentPhase();
    const { picture, report } = this;
    if (shouldDetach(report, picture)) {
      this.detach();
    } else if (this.makeEngine !== null && shouldAttach(report, picture) && report.kind === 'answer') {
      if (this.failure === null || report.broadcast.session !== this.session) this.attach(report.broadcast.session);
    }
    this.redraw();
  }

  private currentPhase(): Picture['phase'] {
    const { video } = this;
    if (this.engine === null) return this.needsTap || !this.wantsPlay ? 'invited' : 'none';
    const stalledFor = this.progress.stalledFor(performance.now());
    if (video.ended || (this.engine.closed && this.shown && this.wantsPlay && stalledFor > stalledAfterMs)) return 'finished';
    if (this.needsTap || !this.wantsPlay) return 'held';
    if (!this.shown) return 'loading';
    return stalledFor > stalledAfterMs ? 'stalled' : 'playing';
  }

  private get picture(): Picture {
    return { phase: this.phase, session: this.session, failure: this.failure };
  }

  private attach(session: string | null): void {
    if (this.makeEngine === null) return;
    const changed = session !== this.session;
    this.detach();
    if (changed || !this.shown) {
      this.shown = false;
      this.failure = null;
      this.behindByChoice = false;
    }
    // A stream that was on screen stays "reconnecting" until its picture is back.
    this.progress.expect(performance.now() - (this.shown ? stalledAfterMs + 1 : 0));
    this.session = session;
    this.loadingFailed = false;
    this.nudged = false;
    this.engine = this.makeEngine(this.address.playlist, {
      onTrouble: (trouble) => this.onTrouble(trouble),
      onQualities: () => this.redraw(),
      onClosed: () => this.poller.ask(),
    });
    this.phase = this.currentPhase();
    if (this.wantsPlay && !this.needsTap) void this.tryPlay();
  }

  private detach(): void {
    window.clearTimeout(this.remedyTimer);
    this.remedyTimer = undefined;
    this.engine?.destroy();
    this.engine = null;
    this.phase = this.currentPhase();
  }

  private async tryPlay(): Promise<void> {
    if (await this.sound.play()) return this.redraw();
    this.needsTap = true;
    this.reconcile();
  }

  private onTrouble(trouble: Trouble): void {
    this.poller.ask();
    if (trouble === 'network' || trouble === 'playlist') this.loadingFailed = true;
    if (this.remedyTimer !== undefined) return;
    const remedy = this.recovery.next(trouble, Math.random());
    if (remedy.action === 'giveUp') {
      this.failure = 'unsupported';
      this.detach();
      this.redraw();
      return;
    }
    if (remedy.showError) this.failure = 'media';
    this.remedyTimer = window.setTimeout(() => this.mend(remedy.action), remedy.afterMs);
    this.reconcile();
  }

  private mend(action: 'resume' | 'recoverMedia' | 'rebuild'): void {
    this.remedyTimer = undefined;
    if (action === 'resume') this.engine?.resume();
    else if (action === 'recoverMedia') this.recoverMedia();
    else if (this.report.kind === 'answer' && this.report.broadcast.state === 'live') this.attach(this.report.broadcast.session);
    // With no answer the old stream stays: its pictures may still be good, and the next answer starts it again.
    else if (this.report.kind === 'answer') this.detach();
    else this.loadingFailed = true;
    this.reconcile();
  }

  private recoverMedia(): void {
    this.engine?.recoverMedia();
    if (this.wantsPlay && !this.needsTap) void this.tryPlay();
  }

  private resumeNow(): void {
    window.clearTimeout(this.remedyTimer);
    this.remedyTimer = undefined;
    this.loadingFailed = false;
    if (this.shown) this.engine?.resume();
    else if (this.engine !== null) this.mend('rebuild');
  }

  private watch(now: number): void {
    const waiting = this.phase === 'stalled' || this.phase === 'loading';
    if (!waiting || this.report.kind !== 'answer' || this.report.broadcast.state !== 'live' || this.engine === null) return;
    const stalledFor = this.progress.stalledFor(now);
    // The encoder is gone: nothing newer exists, so nothing of ours can help.
    if (this.edgeMovedAt < now - stalledFor + stalledAfterMs) return;
    if (stalledFor > stuckAfterMs && this.remedyTimer === undefined) {
      this.progress.expect(now - (this.shown ? stalledAfterMs + 1 : 0));
      this.onTrouble('stuck');
    } else if (stalledFor > nudgeAfterMs && !this.nudged) {
      this.nudged = true;
      this.engine.goLive();
    }
  }

  private returnToLive(): void {
    this.fellBack = false;
    if (this.engine === null || this.behindByChoice) return;
    if (isBehindLive(this.engine.secondsToLive, this.engine.targetDuration)) this.engine.goLive();
  }

  /** After sleep or a lost network: everything may be different. */
  private wake(): void {
    this.poller.ask();
    this.askClock();
    if (this.loadingFailed) this.resumeNow();
    this.fellBack = true;
  }

  private askClock(): void {
    this.clockAskedAt = performance.now();
    void this.clock.synchronize();
  }

  private redraw(): void {
    const { engine, report } = this;
    const running = this.phase === 'playing';
    const secondsToLive = engine?.secondsToLive ?? null;
    this.draw({
      ...decide(report, this.picture),
      channel: this.address.channel,
      broadcast: report.kind === 'answer' ? report.broadcast : null,
      wantsPlay: this.wantsPlay && !this.needsTap,
      needsTap: this.needsTap || this.phase === 'invited',
      mutedByBrowser: this.sound.mutedByBrowser,
      buffering: running && this.progress.stalledFor(performance.now()) > 700,
      behindLive: engine !== null && this.shown && (this.phase === 'held' || isBehindLive(secondsToLive, engine.targetDuration)),
      secondsToLive,
      latency: running && engine !== null ? latencySeconds(this.clock.now(), engine.pictureDate) : null,
      now: this.clock.now(),
      engine,
    });
  }
}
