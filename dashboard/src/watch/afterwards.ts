import type { Broadcast } from '../player/broadcast';
import type { PlayerState } from '../player/state';

/** What is on the stage: what the channel does now, or a recording. */
export type Showing = { kind: 'live' } | { kind: 'replay'; id: string };

export interface Situation {
  showing: Showing;
  broadcast: Broadcast | null;
  /** What the page shows. */
  state: PlayerState;
  /** The viewer is in the middle of the replay: it runs, or was stopped on the way. */
  watching: boolean;
  /** Milliseconds since 1970, as the server counts them. */
  now: number;
  /** For how long the page has known that the broadcast is over, in ms. */
  endedFor: number;
}

/** What is to be done: put the replay on the stage or offer it, go to what is live or offer that. */
export type Step = 'stay' | 'playReplay' | 'offerReplay' | 'goLive' | 'offerLive';

/** With something announced that near, the countdown to it stays. */
const soonMs = 60 * 60_000;

/** So long a broadcast's own recording may take until it is told, in ms. */
const patience = 10_000;

/** A replay is taken from nobody; what is live comes by itself where nobody watches one. */
export function nextStep({ showing, broadcast, state, watching, now, endedFor }: Situation): Step {
  if (broadcast === null) return 'stay';
  if (showing.kind === 'replay') {
    if (broadcast.state !== 'live' || broadcast.session === showing.id) return 'stay';
    return watching ? 'offerLive' : 'goLive';
  }

  const over = broadcast.state === 'ended' || broadcast.state === 'offline';
  if (!over || broadcast.replay === undefined || (state !== 'ended' && state !== 'offline')) return 'stay';
  // Another broadcast than the one that was on: that one was not kept, or its recording is not known yet.
  if (broadcast.state === 'ended' && broadcast.session !== broadcast.replay.id) return endedFor < patience ? 'stay' : 'offerReplay';
  return broadcast.next !== null && broadcast.next.startsAt.getTime() - now < soonMs ? 'offerReplay' : 'playReplay';
}

const recordingId = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Where a recording of a channel is played: behind the same token as the channel. Null for what is no recording's id. */
export function replayPlaylist(channelPlaylist: string, id: string): string | null {
  const end = channelPlaylist.lastIndexOf('/live/');
  return end < 0 || !recordingId.test(id) ? null : `${channelPlaylist.slice(0, end)}/vod/${id}/index.m3u8`;
}
