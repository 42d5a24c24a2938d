import type { ChannelStatus } from '../player/channelStatus';
import type { PlayerState } from '../player/state';

/** Content of the stage: the channel, or a recording. */
export type StageContent = { kind: 'live' } | { kind: 'replay'; id: string };

export interface PostShowSnapshot {
  content: StageContent;
  channelStatus: ChannelStatus | null;
  /** State of the page. */
  state: PlayerState;
  /** The viewer is in the middle of the recording, playing or paused. */
  isWatching: boolean;
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
  /** How long the end has been known, in ms. */
  endedFor: number;
}

/** The action to take: play or offer the recording, go live or offer it. */
export type PostShowAction = 'stay' | 'playReplay' | 'offerReplay' | 'goLive' | 'offerLive';

/** If an announced event starts within this time, its countdown stays. */
const upcomingMs = 60 * 60_000;

/** How long to wait for the broadcast's own recording, in ms. */
const recordingWaitMs = 10_000;

/** Never interrupts a recording that the viewer watches; otherwise returns to live automatically. */
export function postShowAction({ content, channelStatus, state, isWatching, now, endedFor }: PostShowSnapshot): PostShowAction {
  if (channelStatus === null) return 'stay';
  if (content.kind === 'replay') {
    if (channelStatus.state !== 'live' || channelStatus.session === content.id) return 'stay';
    return isWatching ? 'offerLive' : 'goLive';
  }

  const hasEnded = channelStatus.state === 'ended' || channelStatus.state === 'offline';
  if (!hasEnded || channelStatus.replay === undefined || (state !== 'ended' && state !== 'offline')) return 'stay';
  // The recording of another broadcast: the last one was not recorded, or its recording is not listed yet.
  if (channelStatus.state === 'ended' && channelStatus.session !== channelStatus.replay.id)
    return endedFor < recordingWaitMs ? 'stay' : 'offerReplay';
  return channelStatus.next !== null && channelStatus.next.startsAt.getTime() - now < upcomingMs ? 'offerReplay' : 'playReplay';
}

const recordingId = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Playlist of a recording, with the channel's token. Null for an invalid id. */
export function replayPlaylist(channelPlaylist: string, id: string): string | null {
  const end = channelPlaylist.lastIndexOf('/live/');
  return end < 0 || !recordingId.test(id) ? null : `${channelPlaylist.slice(0, end)}/vod/${id}/index.m3u8`;
}
