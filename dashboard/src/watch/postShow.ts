import type { ChannelUrls } from '../player/channelUrls';
import type { ChannelStatus } from '../player/channelStatus';
import { element, setHidden, setText } from '../player/dom';
import type { Player, PlayerView } from '../player/player';
import { watchText } from '../text/watch';
import { type StageContent, postShowAction, replayPlaylist } from './postShowPolicy';

/** How long a notice without a button stays, in ms. */
const noticeMs = 8000;

/** Plays the recording after a broadcast, and returns to live when a new one starts. `postShowPolicy.ts` contains the decisions. */
export class PostShow {
  /** A notice with an optional button, on the stage. */
  readonly root: HTMLElement;
  content: StageContent = { kind: 'live' };
  private readonly text = element('span', { class: 'post-show-text' });
  private readonly button = element('button', { type: 'button', class: 'post-show-button' });
  private readonly player: Player;
  private readonly urls: ChannelUrls;
  private choice: (() => void) | null = null;
  private hideTimer: number | undefined;
  private isChanging = false;
  /** The recording that the viewer left for live; it is not started again. */
  private dismissedReplay: string | null = null;
  /** Title of the recording on the stage. */
  private stagedTitle: string | null = null;
  /** The ended session, and since when its end is known, by the server's clock. */
  private endedSession: { session: string | null; since: number } | null = null;

  constructor(player: Player, urls: ChannelUrls) {
    this.player = player;
    this.urls = urls;
    this.root = element('div', { class: 'post-show', role: 'status', hidden: true }, this.text, this.button);
    this.button.addEventListener('click', () => this.choice?.());
  }

  /** Title of the displayed recording; null for none, and for start-over of the live session. */
  get replayTitle(): string | null {
    return this.content.kind === 'replay' ? this.stagedTitle : null;
  }

  /** Call on each render of the player. */
  render(view: PlayerView): void {
    // During a change, the view is inconsistent.
    if (this.isChanging) return;
    this.followPlayer(view);
    const { video } = this.player;
    const isWatching = this.content.kind === 'replay' && !video.ended && video.currentTime > 0;
    const { channelStatus } = view;
    switch (
      postShowAction({
        content: this.content,
        channelStatus,
        state: view.state,
        isWatching,
        now: view.now,
        endedFor: this.endedFor(channelStatus, view.now),
      })
    ) {
      case 'playReplay':
        if (channelStatus?.replay !== undefined && channelStatus.replay.id !== this.dismissedReplay)
          this.playReplay(channelStatus.replay.id, channelStatus.replay.title ?? channelStatus.title ?? view.channel);
        break;
      case 'offerReplay': {
        const { replay } = channelStatus ?? {};
        if (replay !== undefined)
          this.showOffer(watchText.replay.offerHint, watchText.replay.offer, () =>
            this.playReplay(replay.id, replay.title ?? view.channel),
          );
        break;
      }
      case 'goLive':
        this.goLive();
        break;
      case 'offerLive':
        this.showOffer(watchText.replay.liveHint, watchText.replay.liveNow, () => this.goLive());
        break;
      case 'stay':
        if (this.choice !== null) this.hide();
        break;
    }
  }

  /** Plays a recording. */
  playReplay(id: string, title: string): void {
    const url = replayPlaylist(this.urls.playlist, id);
    if (url === null) return;
    this.content = { kind: 'replay', id };
    this.stagedTitle = title;
    document.documentElement.dataset.showing = 'replay';
    this.isChanging = true;
    this.player.playReplay(url);
    this.isChanging = false;
    this.notify(watchText.replay.playing(title));
  }

  /** Returns to the channel. */
  goLive(): void {
    this.isChanging = true;
    this.player.playLive();
    this.isChanging = false;
    this.notify(watchText.replay.startedLive);
  }

  /** Follows changes by the player's own controls: start-over and go live. */
  private followPlayer(view: PlayerView): void {
    const session = view.channelStatus?.session ?? null;
    if (this.content.kind === 'live' && view.mode === 'replay' && session !== null) {
      this.content = { kind: 'replay', id: session };
      this.stagedTitle = null;
      document.documentElement.dataset.showing = 'replay';
    } else if (this.content.kind === 'replay' && view.mode === 'live') {
      if (this.content.id !== session) this.dismissedReplay = this.content.id;
      this.content = { kind: 'live' };
      delete document.documentElement.dataset.showing;
    }
  }

  private endedFor(broadcast: ChannelStatus | null, now: number): number {
    // While the server is unreachable, the last status stays valid.
    if (broadcast === null) return 0;
    if (broadcast.state !== 'ended') this.endedSession = null;
    else if (this.endedSession === null || this.endedSession.session !== broadcast.session)
      this.endedSession = { session: broadcast.session, since: now };
    return this.endedSession === null ? 0 : now - this.endedSession.since;
  }

  private showOffer(hint: string, label: string, onChoose: () => void): void {
    window.clearTimeout(this.hideTimer);
    this.choice = onChoose;
    setText(this.text, hint);
    setText(this.button, label);
    setHidden(this.button, false);
    setHidden(this.root, false);
  }

  private notify(notice: string): void {
    this.choice = null;
    setText(this.text, notice);
    setHidden(this.button, true);
    setHidden(this.root, false);
    window.clearTimeout(this.hideTimer);
    this.hideTimer = window.setTimeout(() => this.hide(), noticeMs);
  }

  private hide(): void {
    this.choice = null;
    setHidden(this.root, true);
  }
}
