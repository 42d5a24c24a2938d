import type { ChannelAddress } from '../player/address';
import type { Broadcast } from '../player/broadcast';
import { element, setHidden, setText } from '../player/dom';
import type { Player, PlayerView } from '../player/player';
import { watchText } from '../text/watch';
import { type Showing, nextStep, replayPlaylist } from './afterwards';

/** How long a notice without a choice stays. */
const noticeMs = 8000;

/**
 * What happens around the player when a broadcast is over: the replay on the same stage, and back to live when a new one begins. What to do is decided in `afterwards.ts`; here it is done, and told.
 */
export class AfterShow {
  /** A line with a button, to lie on the stage. */
  readonly root: HTMLElement;
  showing: Showing = { kind: 'live' };
  private readonly text = element('span', { class: 'after-text' });
  private readonly button = element('button', { type: 'button', class: 'after-button' });
  private readonly player: Player;
  private readonly address: ChannelAddress;
  private choice: (() => void) | null = null;
  private hideTimer: number | undefined;
  private changing = false;
  /** The replay that the viewer left for live: it is not put before them again. */
  private left: string | null = null;
  /** What the replay is called that was put on the stage. */
  private replayTitle: string | null = null;
  /** The session that is over, and since when the page knows, by the server's clock. */
  private ended: { session: string | null; since: number } | null = null;

  constructor(player: Player, address: ChannelAddress) {
    this.player = player;
    this.address = address;
    this.root = element('div', { class: 'after', role: 'status', hidden: true }, this.text, this.button);
    this.button.addEventListener('click', () => this.choice?.());
  }

  /** What the replay that is shown is called; null while none is, and where it is the broadcast that is on, from its begin. */
  get playing(): string | null {
    return this.showing.kind === 'replay' ? this.replayTitle : null;
  }

  /** To be called whenever the player draws. */
  draw(view: PlayerView): void {
    // In the middle of a change the player draws what is neither.
    if (this.changing) return;
    this.follow(view);
    const { video } = this.player;
    const watching = this.showing.kind === 'replay' && !video.ended && video.currentTime > 0;
    const { broadcast } = view;
    switch (nextStep({ showing: this.showing, broadcast, state: view.state, watching, now: view.now, endedFor: this.endedFor(broadcast, view.now) })) {
      case 'playReplay':
        if (broadcast?.replay !== undefined && broadcast.replay.id !== this.left) this.playReplay(broadcast.replay.id, broadcast.replay.title ?? broadcast.title ?? view.channel);
        break;
      case 'offerReplay': {
        const { replay } = broadcast ?? {};
        if (replay !== undefined) this.offer(watchText.replay.offerHint, watchText.replay.offer, () => this.playReplay(replay.id, replay.title ?? view.channel));
        break;
      }
      case 'goLive':
        this.goLive();
        break;
      case 'offerLive':
        this.offer(watchText.replay.liveHint, watchText.replay.liveNow, () => this.goLive());
        break;
      case 'stay':
        if (this.choice !== null) this.close();
        break;
    }
  }

  /** Puts a recording on the stage. */
  playReplay(id: string, title: string): void {
    const url = replayPlaylist(this.address.playlist, id);
    if (url === null) return;
    this.showing = { kind: 'replay', id };
    this.replayTitle = title;
    document.documentElement.dataset.showing = 'replay';
    this.changing = true;
    this.player.playReplay(url);
    this.changing = false;
    this.tell(watchText.replay.playing(title));
  }

  /** Goes back to what the channel does now. */
  goLive(): void {
    this.changing = true;
    this.player.playLive();
    this.changing = false;
    this.tell(watchText.replay.startedLive);
  }

  /** The player has buttons of its own: to start over, which is the recording of what is live, and back to live. */
  private follow(view: PlayerView): void {
    const session = view.broadcast?.session ?? null;
    if (this.showing.kind === 'live' && view.mode === 'replay' && session !== null) {
      this.showing = { kind: 'replay', id: session };
      this.replayTitle = null;
      document.documentElement.dataset.showing = 'replay';
    } else if (this.showing.kind === 'replay' && view.mode === 'live') {
      if (this.showing.id !== session) this.left = this.showing.id;
      this.showing = { kind: 'live' };
      delete document.documentElement.dataset.showing;
    }
  }

  private endedFor(broadcast: Broadcast | null, now: number): number {
    // While the server is away, what it said holds.
    if (broadcast === null) return 0;
    if (broadcast.state !== 'ended') this.ended = null;
    else if (this.ended === null || this.ended.session !== broadcast.session) this.ended = { session: broadcast.session, since: now };
    return this.ended === null ? 0 : now - this.ended.since;
  }

  private offer(hint: string, label: string, choose: () => void): void {
    window.clearTimeout(this.hideTimer);
    this.choice = choose;
    setText(this.text, hint);
    setText(this.button, label);
    setHidden(this.button, false);
    setHidden(this.root, false);
  }

  private tell(notice: string): void {
    this.choice = null;
    setText(this.text, notice);
    setHidden(this.button, true);
    setHidden(this.root, false);
    window.clearTimeout(this.hideTimer);
    this.hideTimer = window.setTimeout(() => this.close(), noticeMs);
  }

  private close(): void {
    this.choice = null;
    setHidden(this.root, true);
  }
}
