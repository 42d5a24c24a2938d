import { type ChannelAddress, type EmbedOptions, recordingPlaylist } from './address';
import { Awakening } from './awakening';
import { Beacon, beaconTo, isNoticed } from './beacon';
import type { Broadcast, Report } from './broadcast';
import { Choices } from './choices';
import type { Engine } from './engine';
import { type EngineMaker, findEngine } from './findEngine';
import { isBehindLive } from './latency';
import { LineKeeper } from './lineKeeper';
import { phaseOf, stalledAfterMs } from './phase';
import { Place } from './place';
import { Progress } from './progress';
import type { Trouble } from './recovery';
import type { ReplayOptions } from './replay';
import { ServerClock } from './serverClock';
import { Sound } from './sound';
import type { Mode } from './speed';
import type { Start } from './start';
import { type Picture, hasNextSession, shouldAttach, shouldDetach } from './state';
import { StatusPoller } from './statusPoller';
import { Tether } from './tether';
import { destination } from './timeline';
import { type Mending, Troubles } from './troubles';
import { type PlayerView, viewOf } from './view';
import { Watchdog } from './watchdog';

export type { PlayerView } from './view';

const tickMs = 500;
/** Running this long, whatever was wrong is over. */
const goodAfterMs = 5000;

/**
 * Keeps one channel playing: asks the server what it does, attaches a stream when there is one, mends what breaks, and tells what
 * to draw. Or plays one of its recordings, in the same place with the same controls. What to do is decided in `state.ts`, `replay.ts` and `recovery.ts`; here it is done.
 */
export class Player {
  engine: Engine | null = null;
  readonly video: HTMLVideoElement;
  readonly sound: Sound;
  readonly choices: Choices;
  readonly line: LineKeeper;
  private readonly address: ChannelAddress;
  private readonly draw: (view: PlayerView) => void;
  private readonly poller: StatusPoller;
  private readonly clock: ServerClock;
  private readonly beacon: Beacon;
  private readonly troubles = new Troubles((action) => this.mend(action));
  private readonly progress = new Progress(performance.now());
  private readonly watchdog = new Watchdog();
  private readonly tether = new Tether();
  private makeEngine: EngineMaker | null = null;

  /** The recording that plays in place of the channel. */
  private replay: string | null = null;
  private readonly place = new Place();
  private session: string | null = null;
  private shown = false;
  private wantsPlay = true;
  private needsTap = false;
  private answered = false;
  private phase: Picture['phase'] = 'none';
  private readonly awakening = new Awakening(() => this.wake(), () => this.poller.ask());

  constructor(address: ChannelAddress, options: EmbedOptions, video: HTMLVideoElement, draw: (view: PlayerView) => void) {
    this.address = address;
    this.video = video;
    this.draw = draw;
    this.needsTap = !options.autoplay;
    this.clock = new ServerClock(address.time);
    this.beacon = new Beacon(options.counted === false ? () => undefined : beaconTo(address.beacon));
    this.poller = new StatusPoller(address.status, () => this.phase === 'playing', (report) => this.onReport(report));
    this.sound = new Sound(video, options.muted);
    this.choices = new Choices(video, () => this.engine, () => this.tick());
    this.line = new LineKeeper(video);
  }

  /** What the server said last. */
  get report(): Report {
    return this.poller.report;
  }

  private get broadcast(): Broadcast | null {
    return this.report.kind === 'answer' ? this.report.broadcast : null;
  }

  get mode(): Mode {
    return this.replay === null ? 'live' : 'replay';
  }

  /** The multivariant playlist that is played. */
  get playlist(): string {
    return this.replay ?? this.address.playlist;
  }

  /** Where the recording of the session is that is live, where there is one; null while no session is known. */
  get recordingPlaylist(): string | null {
    const session = this.broadcast?.session ?? null;
    return session === null ? null : recordingPlaylist(this.address.playlist, session);
  }

  /** Where one is, in seconds of the video. */
  get position(): number {
    return this.video.currentTime;
  }

  async start(): Promise<void> {
    this.listen();
    this.poller.ask();
    this.redraw();
    try {
      this.makeEngine = await findEngine(this.video);
      if (this.makeEngine === null) this.troubles.failure = 'unsupported';
    } catch {
      // The script did not arrive.
      this.troubles.failure = 'media';
    }
    window.setInterval(() => this.tick(), tickMs);
    this.reconcile();
  }

  /** Where playback begins, as a shared address says it; null for where it begins anyway. Counts for what is attached next. */
  startFrom(start: Start | null): void {
    this.place.set(start);
  }

  /** Plays a recording in place of the channel: `/vod/{recording}/index.m3u8`. Whether the channel is live is asked on meanwhile, and stands in what is drawn. */
  playReplay(url: string, options: ReplayOptions = {}): void {
    if (url === this.replay) {
      if (options.startAt !== undefined) this.seekTo(options.startAt);
      return;
    }

    this.changeTo(url);
    // Where nothing is said, it goes on where the viewer was in the session, unless that was live.
    if (options.startAt !== undefined) this.place.set({ kind: 'offset', seconds: options.startAt });
    if (options.autoplay === false) this.needsTap = true;
    this.reconcile();
  }

  /** Plays the channel again, at live. */
  playLive(): void {
    if (this.replay === null) return this.goLive();
    this.changeTo(null);
    this.place.set(null);
    this.reconcile();
  }

  toggle(): void {
    if (this.wantsPlay && !this.needsTap && !(this.replay !== null && this.video.ended)) this.pause();
    else this.play();
  }

  play(): void {
    if (this.needsTap) this.sound.restore();
    this.needsTap = false;
    this.wantsPlay = true;
    this.progress.expect(performance.now());
    if (this.replay !== null) {
      if (this.video.ended) this.video.currentTime = this.engine?.timeline?.window.start ?? 0;
    } else if (hasNextSession(this.report, this.picture) || this.phase === 'finished') {
      this.detach();
    }
    if (this.engine !== null) void this.tryPlay();
    this.reconcile();
  }

  pause(): void {
    this.wantsPlay = false;
    this.tether.behindByChoice = true;
    this.video.pause();
    this.reconcile();
  }

  goLive(): void {
    this.tether.tighten();
    this.engine?.goLive();
    this.play();
  }

  /** Goes to a place (seconds of the video), or as near to it as there is something. */
  seekTo(position: number): void {
    const timeline = this.engine?.timeline;
    if (this.engine === null || timeline === null || timeline === undefined) return;
    const target = destination(position, timeline, this.engine.closed, this.replay === null);
    if (target === 'live') {
      // Where live is to be had, nothing is jumped over.
      if (this.phase !== 'playing' || this.behindLive) this.goLive();
      return;
    }
    this.tether.choose(this.replay === null);
    this.progress.expect(performance.now());
    this.video.currentTime = target;
    // What has played to its end stands still by itself.
    if (this.wantsPlay && !this.needsTap) void this.tryPlay();
    this.tick();
  }

  /** @param seconds forward, or back where negative; what leads beyond an end leads to that end */
  seekBy(seconds: number): void {
    this.seekTo(this.position + seconds);
  }

  /** The viewer's button: forget what failed and begin anew. */
  retry(): void {
    if (this.makeEngine === null) {
      window.location.reload();
      return;
    }
    this.troubles.forget();
    this.detach();
    this.poller.ask();
    this.reconcile();
  }

  private changeTo(replay: string | null): void {
    const over = this.phase === 'finished';
    this.detach();
    // Who has seen the end does not begin there.
    if (over) this.place.set(null);
    this.replay = replay;
    this.session = null;
    this.shown = false;
    this.tether.reset();
    this.choices.reset();
    this.troubles.forget();
  }

  private listen(): void {
    const video = this.video;
    video.addEventListener('play', () => {
      // Another than the viewer may have paused it, as a locked screen does: then live is where it goes on.
      if (!this.wantsPlay && !this.tether.isLoose) this.tether.fall();
      this.wantsPlay = true;
      this.redraw();
    });
    // Also headphones and the operating system pause. Without data it is not a person: a stream is being changed.
    video.addEventListener('pause', () => {
      if (video.readyState > 0 && !video.ended) this.wantsPlay = false;
      this.redraw();
    });
    for (const event of ['playing', 'ended', 'waiting', 'seeked']) video.addEventListener(event, () => this.tick());
    video.addEventListener('volumechange', () => this.redraw());
    window.addEventListener('pagehide', () => this.beacon.leave());
  }

  private onReport(report: Report): void {
    if (report.kind === 'answer') {
      // Only when the line is back: what fails while the server answers is tried again in its own time.
      if (!this.answered && this.troubles.loadingFailed) this.resumeNow();
      this.watchdog.heard(report.broadcast.liveEdge, performance.now());
    }
    this.answered = report.kind === 'answer';
    if (report.kind !== 'unreachable') this.clock.refresh();
    this.reconcile();
  }

  private tick(): void {
    const now = performance.now();
    const slept = this.awakening.tick();
    const { video } = this;
    const holdsUp = this.line.observe(this.engine, now) || this.line.isHolding;
    if (this.line.isHolding) this.progress.expect(now);
    const moved = this.progress.observe(video.currentTime, !video.paused && !video.seeking && video.readyState >= 3, now);
    if (moved) {
      this.shown = true;
      this.place.set(null);
      this.watchdog.rest();
      this.troubles.moved();
      if (this.progress.movingFor(now) > goodAfterMs) this.troubles.forget();
    }
    if (this.replay === null) this.tether.heed({ holdsUp, isSlow: this.line.isSlow }, this.behindLive, this.progress.movingFor(now));
    // Who has caught up is kept at live from here on.
    if (this.choices.apply(this.mode, this.behindLive)) this.tether.tighten();
    this.reconcile();
    // What the server said while all was well may be old.
    if (this.phase === 'stalled' && this.tether.fall()) this.poller.ask();
    if (this.phase === 'playing' && this.tether.settle(this.progress.movingFor(now)) && this.behindLive) this.engine?.goLive();
    if (slept) this.wake();
    this.watch(now);
    const watched = this.phase === 'playing' && this.mode === 'live' && isNoticed(document.hidden, video, document.pictureInPictureElement === video);
    this.beacon.observe(watched, this.broadcast === null ? null : this.broadcast.beacon, now);
  }

  /** Compares what is attached with what should be, and mends the difference. */
  private reconcile(): void {
    this.phase = this.currentPhase();
    const { picture, report } = this;
    if (this.replay !== null) {
      if (this.makeEngine !== null && this.phase === 'none' && this.troubles.failure === null && !this.troubles.isMending) this.attach(null);
    } else if (shouldDetach(report, picture, this.wantsPlay)) {
      this.detach();
    } else if (this.makeEngine !== null && shouldAttach(report, picture) && report.kind === 'answer') {
      if (this.troubles.failure === null || report.broadcast.session !== this.session) this.attach(report.broadcast.session);
    }
    this.redraw();
  }

  private currentPhase(): Picture['phase'] {
    const { engine, video, position, shown, wantsPlay, needsTap } = this;
    return phaseOf({ engine, ended: video.ended, position, shown, wantsPlay, needsTap, stalledFor: this.progress.stalledFor(performance.now()) });
  }

  private get picture(): Picture {
    return { phase: this.phase, session: this.session, failure: this.troubles.failure };
  }

  private attach(session: string | null): void {
    if (this.makeEngine === null) return;
    const changed = session !== this.session;
    this.detach();
    // What was asked for, or left, in one session is not in the next.
    if (changed && this.session !== null) this.place.set(null);
    if (changed || !this.shown) {
      this.shown = false;
      // What is said of a recording stands until it plays.
      if (this.replay === null) this.troubles.failure = null;
      this.tether.tighten();
    }
    // A stream that was on screen stays "reconnecting" until its picture is back.
    this.progress.expect(performance.now() - (this.shown ? stalledAfterMs + 1 : 0));
    this.session = session;
    this.troubles.loadingFailed = false;
    this.watchdog.rest();
    const events = { onTrouble: (trouble: Trouble) => this.onTrouble(trouble), onQualities: () => this.redraw(), onClosed: () => this.poller.ask() };
    const begin = this.place.begin(this.mode, this.broadcast?.startedAt ?? null, () => { if (this.replay === null) this.tether.found(); });
    this.engine = this.makeEngine(this.playlist, events, begin);
    this.phase = this.currentPhase();
    if (this.wantsPlay && !this.needsTap) void this.tryPlay();
  }

  private detach(): void {
    this.troubles.cancel();
    this.keepPlace();
    this.engine?.destroy();
    this.engine = null;
    this.phase = this.currentPhase();
  }

  private keepPlace(): void {
    if (this.engine !== null && this.shown) this.place.keep(this.mode, this.engine, this.video, this.tether.isLoose);
  }

  private async tryPlay(): Promise<void> {
    if (await this.sound.play()) return this.redraw();
    this.needsTap = true;
    this.reconcile();
  }

  private onTrouble(trouble: Trouble): void {
    this.poller.ask();
    if (!this.troubles.meet(trouble, this.mode)) this.detach();
    this.reconcile();
  }

  private mend(action: Mending): void {
    // An engine that loads anew forgets it, and may have to be thrown away before it is back.
    this.keepPlace();
    if (action === 'resume') this.engine?.resume();
    else if (action === 'recoverMedia') this.recoverMedia();
    // With no answer the old stream stays: its pictures may still be good, and the next answer starts it again.
    else if (this.broadcast === null) this.troubles.loadingFailed = true;
    else if (this.replay !== null) this.attach(null);
    else if (this.broadcast.state === 'live') this.attach(this.broadcast.session);
    else this.detach();
    this.reconcile();
  }

  private recoverMedia(): void {
    this.engine?.recoverMedia();
    if (this.wantsPlay && !this.needsTap) void this.tryPlay();
  }

  private resumeNow(): void {
    this.troubles.cancel();
    this.troubles.loadingFailed = false;
    if (this.shown) this.mend('resume');
    else if (this.engine !== null) this.mend('rebuild');
  }

  private watch(now: number): void {
    const waiting = this.phase === 'stalled' || this.phase === 'loading';
    if (!waiting || this.broadcast === null || this.engine === null) return;
    if (this.replay === null && this.broadcast.state !== 'live') return;
    const standstill = { stalledFor: this.progress.stalledFor(now), atLive: this.replay === null && !this.tether.isLoose, isMending: this.troubles.isMending };
    const verdict = this.watchdog.judge(standstill, now);
    if (verdict === 'restart') {
      this.progress.expect(now - (this.shown ? stalledAfterMs + 1 : 0));
      this.onTrouble('stuck');
    } else if (verdict === 'nudge') {
      this.engine.goLive();
    }
  }

  /** After sleep or a lost network: everything may be different. */
  private wake(): void {
    this.poller.ask();
    void this.clock.synchronize();
    if (this.troubles.loadingFailed) this.resumeNow();
    this.tether.fall();
  }

  private get behindLive(): boolean {
    const { engine } = this;
    return this.replay === null && engine !== null && this.shown && isBehindLive(engine.secondsToLive, engine.targetDuration);
  }

  private redraw(): void {
    const { mode, report, picture, engine, shown, wantsPlay, needsTap, behindLive, position, line, sound, choices } = this;
    const { channel } = this.address;
    const stalledFor = this.progress.stalledFor(performance.now());
    this.draw(viewOf({ channel, mode, report, picture, engine, shown, wantsPlay, needsTap, behindLive, stalledFor, now: this.clock.now(), position, line, sound, choices }));
  }
}
