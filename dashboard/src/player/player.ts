import { type ChannelUrls, type EmbedOptions, recordingPlaylist } from './channelUrls';
import { WakeDetector } from './wakeDetector';
import { Beacon, beaconTo, isWatched } from './beacon';
import type { ChannelStatus, Report } from './channelStatus';
import { Choices } from './choices';
import type { Engine } from './engine';
import { type EngineFactory, createEngineFactory } from './findEngine';
import { isBehindLive } from './latency';
import { RebufferController } from './rebufferController';
import { phaseOf, stalledAfterMs } from './phase';
import { StartPosition } from './startPosition';
import { Progress } from './progress';
import type { PlaybackError } from './recovery';
import type { ReplayOptions } from './replay';
import { ServerClock } from './serverClock';
import { Volume } from './volume';
import type { Mode } from './speed';
import type { Start } from './start';
import { type PlaybackStatus, hasNextSession, shouldAttach, shouldDetach } from './state';
import { StatusPoller } from './statusPoller';
import { LiveSync } from './liveSync';
import { seekTarget } from './timeline';
import { type RecoveryAction, PlaybackErrors } from './playbackErrors';
import { type PlayerView, viewOf } from './view';
import { Watchdog } from './watchdog';

export type { PlayerView } from './view';

const tickMs = 500;
/** After this time of stable playback, errors are forgotten. */
const stableAfterMs = 5000;

/**
 * Plays one channel: polls its status, attaches a stream when available, recovers from errors, and publishes the view. It also plays
 * recordings with the same controls. `state.ts`, `replay.ts` and `recovery.ts` contain the decisions.
 */
export class Player {
  engine: Engine | null = null;
  readonly video: HTMLVideoElement;
  readonly volume: Volume;
  readonly choices: Choices;
  readonly rebuffer: RebufferController;
  private readonly urls: ChannelUrls;
  private readonly onView: (view: PlayerView) => void;
  private readonly poller: StatusPoller;
  private readonly clock: ServerClock;
  private readonly beacon: Beacon;
  private readonly errors = new PlaybackErrors((action) => this.recover(action));
  private readonly progress = new Progress(performance.now());
  private readonly watchdog = new Watchdog();
  private readonly liveSync = new LiveSync();
  private engineFactory: EngineFactory | null = null;

  /** The recording that plays instead of the channel. */
  private replay: string | null = null;
  private readonly startPosition = new StartPosition();
  private session: string | null = null;
  private hasShownFrame = false;
  private wantsPlay = true;
  private needsTap = false;
  private hasAnswer = false;
  private phase: PlaybackStatus['phase'] = 'none';
  private readonly wakeDetector = new WakeDetector(
    () => this.onWake(),
    () => this.poller.poll(),
  );

  constructor(urls: ChannelUrls, options: EmbedOptions, video: HTMLVideoElement, onView: (view: PlayerView) => void) {
    this.urls = urls;
    this.video = video;
    this.onView = onView;
    this.needsTap = !options.autoplay;
    this.clock = new ServerClock(urls.time);
    this.beacon = new Beacon(options.counted === false ? () => undefined : beaconTo(urls.beacon));
    this.poller = new StatusPoller(
      urls.status,
      () => this.phase === 'playing',
      (report) => this.onReport(report),
    );
    this.volume = new Volume(video, options.muted);
    this.choices = new Choices(
      video,
      () => this.engine,
      () => this.tick(),
    );
    this.rebuffer = new RebufferController(video);
  }

  /** The last status report. */
  get report(): Report {
    return this.poller.report;
  }

  private get channelStatus(): ChannelStatus | null {
    return this.report.kind === 'answer' ? this.report.channelStatus : null;
  }

  get mode(): Mode {
    return this.replay === null ? 'live' : 'replay';
  }

  /** The multivariant playlist in use. */
  get playlist(): string {
    return this.replay ?? this.urls.playlist;
  }

  /** Playlist of the live session's recording, if any; null while no session is known. */
  get recordingPlaylist(): string | null {
    const session = this.channelStatus?.session ?? null;
    return session === null ? null : recordingPlaylist(this.urls.playlist, session);
  }

  /** Playback position in seconds of the video. */
  get position(): number {
    return this.video.currentTime;
  }

  async start(): Promise<void> {
    this.addListeners();
    this.poller.poll();
    this.render();
    try {
      this.engineFactory = await createEngineFactory(this.video);
      if (this.engineFactory === null) this.errors.failure = 'unsupported';
    } catch {
      // The script failed to load.
      this.errors.failure = 'media';
    }
    window.setInterval(() => this.tick(), tickMs);
    this.reconcile();
  }

  /** Sets the start of the next attachment, from a shared URL; null for the default. */
  setStart(start: Start | null): void {
    this.startPosition.set(start);
  }

  /** Plays a recording instead of the channel: `/vod/{recording}/index.m3u8`. The channel's status is still polled and part of the view. */
  playReplay(url: string, options: ReplayOptions = {}): void {
    if (url === this.replay) {
      if (options.startAt !== undefined) this.seekTo(options.startAt);
      return;
    }

    this.setReplay(url);
    // By default, playback continues at the same position of the session, unless it was at live.
    if (options.startAt !== undefined) this.startPosition.set({ kind: 'offset', seconds: options.startAt });
    if (options.autoplay === false) this.needsTap = true;
    this.reconcile();
  }

  /** Returns to the channel, at live. */
  playLive(): void {
    if (this.replay === null) return this.goLive();
    this.setReplay(null);
    this.startPosition.set(null);
    this.reconcile();
  }

  toggle(): void {
    if (this.wantsPlay && !this.needsTap && !(this.replay !== null && this.video.ended)) this.pause();
    else this.play();
  }

  play(): void {
    if (this.needsTap) this.volume.restore();
    this.needsTap = false;
    this.wantsPlay = true;
    this.progress.reset(performance.now());
    if (this.replay !== null) {
      if (this.video.ended) this.video.currentTime = this.engine?.timeline?.window.start ?? 0;
    } else if (hasNextSession(this.report, this.playback) || this.phase === 'finished') {
      this.detach();
    }
    if (this.engine !== null) void this.playIfAllowed();
    this.reconcile();
  }

  pause(): void {
    this.wantsPlay = false;
    this.liveSync.isBehindByChoice = true;
    this.video.pause();
    this.reconcile();
  }

  goLive(): void {
    this.liveSync.returnToLive();
    this.engine?.goLive();
    this.play();
  }

  /** Seeks to a position in seconds of the video, or the nearest available one. */
  seekTo(position: number): void {
    const timeline = this.engine?.timeline;
    if (this.engine === null || timeline === null || timeline === undefined) return;
    const target = seekTarget(position, timeline, this.engine.isEnded, this.replay === null);
    if (target === 'live') {
      // No seek if playback is at live already.
      if (this.phase !== 'playing' || this.behindLive) this.goLive();
      return;
    }
    this.liveSync.setByViewer(this.replay === null);
    this.progress.reset(performance.now());
    this.video.currentTime = target;
    // An ended video does not continue by itself.
    if (this.wantsPlay && !this.needsTap) void this.playIfAllowed();
    this.tick();
  }

  /** @param seconds forward; negative for back. Limited to the available range */
  seekBy(seconds: number): void {
    this.seekTo(this.position + seconds);
  }

  /** Retry button: forgets errors and restarts. */
  retry(): void {
    if (this.engineFactory === null) {
      window.location.reload();
      return;
    }
    this.errors.reset();
    this.detach();
    this.poller.poll();
    this.reconcile();
  }

  private setReplay(replay: string | null): void {
    const hasEnded = this.phase === 'finished';
    this.detach();
    // After the end, do not start there again.
    if (hasEnded) this.startPosition.set(null);
    this.replay = replay;
    this.session = null;
    this.hasShownFrame = false;
    this.liveSync.reset();
    this.choices.reset();
    this.errors.reset();
  }

  private addListeners(): void {
    const video = this.video;
    video.addEventListener('play', () => {
      // The system may have paused playback, such as on a locked screen: then continue at live.
      if (!this.wantsPlay && !this.liveSync.allowsBehind) this.liveSync.markStalled();
      this.wantsPlay = true;
      this.render();
    });
    // Headphones and the operating system also pause. Without data, the pause comes from changing the stream.
    video.addEventListener('pause', () => {
      if (video.readyState > 0 && !video.ended) this.wantsPlay = false;
      this.render();
    });
    for (const event of ['playing', 'ended', 'waiting', 'seeked']) video.addEventListener(event, () => this.tick());
    video.addEventListener('volumechange', () => this.render());
    window.addEventListener('pagehide', () => this.beacon.stop());
  }

  private onReport(report: Report): void {
    if (report.kind === 'answer') {
      // Only after the server was unreachable; other failures retry on their own schedule.
      if (!this.hasAnswer && this.errors.loadingFailed) this.resumeNow();
      this.watchdog.recordLiveEdge(report.channelStatus.liveEdge, performance.now());
    }
    this.hasAnswer = report.kind === 'answer';
    if (report.kind !== 'unreachable') this.clock.refresh();
    this.reconcile();
  }

  private tick(): void {
    const now = performance.now();
    const hasSlept = this.wakeDetector.tick();
    const { video } = this;
    const isHolding = this.rebuffer.observe(this.engine, now) || this.rebuffer.isHolding;
    if (this.rebuffer.isHolding) this.progress.reset(now);
    const hasMoved = this.progress.observe(video.currentTime, !video.paused && !video.seeking && video.readyState >= 3, now);
    if (hasMoved) {
      this.hasShownFrame = true;
      this.startPosition.set(null);
      this.watchdog.reset();
      this.errors.onProgress();
      if (this.progress.movingFor(now) > stableAfterMs) this.errors.reset();
    }
    if (this.replay === null)
      this.liveSync.observe({ isHolding, isSlow: this.rebuffer.isSlow }, this.behindLive, this.progress.movingFor(now));
    // From now on, playback is kept at live.
    if (this.choices.apply(this.mode, this.behindLive)) this.liveSync.returnToLive();
    this.reconcile();
    // The last status may be outdated.
    if (this.phase === 'stalled' && this.liveSync.markStalled()) this.poller.poll();
    if (this.phase === 'playing' && this.liveSync.shouldReturnToLive(this.progress.movingFor(now)) && this.behindLive)
      this.engine?.goLive();
    if (hasSlept) this.onWake();
    this.checkStall(now);
    const isBeingWatched =
      this.phase === 'playing' && this.mode === 'live' && isWatched(document.hidden, video, document.pictureInPictureElement === video);
    this.beacon.observe(isBeingWatched, this.channelStatus === null ? null : this.channelStatus.beacon, now);
  }

  /** Attaches or detaches the stream according to the current state. */
  private reconcile(): void {
    this.phase = this.currentPhase();
    const { playback, report } = this;
    if (this.replay !== null) {
      if (this.engineFactory !== null && this.phase === 'none' && this.errors.failure === null && !this.errors.isRecovering)
        this.attach(null);
    } else if (shouldDetach(report, playback, this.wantsPlay)) {
      this.detach();
    } else if (this.engineFactory !== null && shouldAttach(report, playback) && report.kind === 'answer') {
      if (this.errors.failure === null || report.channelStatus.session !== this.session) this.attach(report.channelStatus.session);
    }
    this.render();
  }

  private currentPhase(): PlaybackStatus['phase'] {
    const { engine, video, position, hasShownFrame, wantsPlay, needsTap } = this;
    return phaseOf({
      engine,
      ended: video.ended,
      position,
      hasShownFrame,
      wantsPlay,
      needsTap,
      stalledFor: this.progress.stalledFor(performance.now()),
    });
  }

  private get playback(): PlaybackStatus {
    return { phase: this.phase, session: this.session, failure: this.errors.failure };
  }

  private attach(session: string | null): void {
    if (this.engineFactory === null) return;
    const changed = session !== this.session;
    this.detach();
    // A start position does not apply to the next session.
    if (changed && this.session !== null) this.startPosition.set(null);
    if (changed || !this.hasShownFrame) {
      this.hasShownFrame = false;
      // The error of a recording is shown until it plays.
      if (this.replay === null) this.errors.failure = null;
      this.liveSync.returnToLive();
    }
    // A stream that was shown stays "reconnecting" until video plays again.
    this.progress.reset(performance.now() - (this.hasShownFrame ? stalledAfterMs + 1 : 0));
    this.session = session;
    this.errors.loadingFailed = false;
    this.watchdog.reset();
    const events = {
      onError: (error: PlaybackError) => this.onPlaybackError(error),
      onQualities: () => this.render(),
      onEnded: () => this.poller.poll(),
    };
    const initialPosition = this.startPosition.resolve(this.mode, this.channelStatus?.startedAt ?? null, () => {
      if (this.replay === null) this.liveSync.onStartedBehind();
    });
    this.engine = this.engineFactory(this.playlist, events, initialPosition);
    this.phase = this.currentPhase();
    if (this.wantsPlay && !this.needsTap) void this.playIfAllowed();
  }

  private detach(): void {
    this.errors.cancel();
    this.savePosition();
    this.engine?.destroy();
    this.engine = null;
    this.phase = this.currentPhase();
  }

  private savePosition(): void {
    if (this.engine !== null && this.hasShownFrame) this.startPosition.save(this.mode, this.engine, this.video, this.liveSync.allowsBehind);
  }

  private async playIfAllowed(): Promise<void> {
    if (await this.volume.play()) return this.render();
    this.needsTap = true;
    this.reconcile();
  }

  private onPlaybackError(error: PlaybackError): void {
    this.poller.poll();
    if (!this.errors.handle(error, this.mode)) this.detach();
    this.reconcile();
  }

  private recover(action: RecoveryAction): void {
    // Engines lose the position when they reload, and may be replaced before they recover.
    this.savePosition();
    if (action === 'resume') this.engine?.resume();
    else if (action === 'recoverMedia') this.recoverMedia();
    // Without a response the stream stays: its buffer may still play, and the next response restarts it.
    else if (this.channelStatus === null) this.errors.loadingFailed = true;
    else if (this.replay !== null) this.attach(null);
    else if (this.channelStatus.state === 'live') this.attach(this.channelStatus.session);
    else this.detach();
    this.reconcile();
  }

  private recoverMedia(): void {
    this.engine?.recoverMedia();
    if (this.wantsPlay && !this.needsTap) void this.playIfAllowed();
  }

  private resumeNow(): void {
    this.errors.cancel();
    this.errors.loadingFailed = false;
    if (this.hasShownFrame) this.recover('resume');
    else if (this.engine !== null) this.recover('rebuild');
  }

  private checkStall(now: number): void {
    const isWaiting = this.phase === 'stalled' || this.phase === 'loading';
    if (!isWaiting || this.channelStatus === null || this.engine === null) return;
    if (this.replay === null && this.channelStatus.state !== 'live') return;
    const stall = {
      stalledFor: this.progress.stalledFor(now),
      isAtLive: this.replay === null && !this.liveSync.allowsBehind,
      isRecovering: this.errors.isRecovering,
    };
    const decision = this.watchdog.evaluate(stall, now);
    if (decision === 'restart') {
      this.progress.reset(now - (this.hasShownFrame ? stalledAfterMs + 1 : 0));
      this.onPlaybackError('stuck');
    } else if (decision === 'nudge') {
      this.engine.goLive();
    }
  }

  /** After sleep or a lost network, all state may be outdated. */
  private onWake(): void {
    this.poller.poll();
    void this.clock.synchronize();
    if (this.errors.loadingFailed) this.resumeNow();
    this.liveSync.markStalled();
  }

  private get behindLive(): boolean {
    const { engine } = this;
    return this.replay === null && engine !== null && this.hasShownFrame && isBehindLive(engine.secondsToLive, engine.targetDuration);
  }

  private render(): void {
    const { mode, report, playback, engine, hasShownFrame, wantsPlay, needsTap, behindLive, position, rebuffer, volume, choices } = this;
    const { channel } = this.urls;
    const stalledFor = this.progress.stalledFor(performance.now());
    this.onView(
      viewOf({
        channel,
        mode,
        report,
        playback,
        engine,
        hasShownFrame,
        wantsPlay,
        needsTap,
        behindLive,
        stalledFor,
        now: this.clock.now(),
        position,
        rebuffer,
        volume,
        choices,
      }),
    );
  }
}
