import { minuteOf } from './chatTimeline';
import type { HistorySource } from './chatHistory';
import { maxHoldMs } from './heldMessages';

/** The messages that a page shows: none, the newest, those at a position of the live session, or those of a recording. */
export type ChatMode = { kind: 'none' } | { kind: 'live' } | ({ kind: 'past' } & HistorySource) | ({ kind: 'replay' } & HistorySource);

export interface ChatSituation {
  /** `…/live/NAME` */
  liveRoot: string;
  /** Playlist of the recording on the stage; null while the channel plays. */
  recording: string | null;
  /** Whether the channel has chat. */
  hasChat: boolean;
  session: string | null;
  startedAt: Date | null;
  /** Distance of the player from the live position in s; null if unknown. */
  secondsToLive: number | null;
}

/** Further behind, the newest messages would be ahead of the player. */
const pastAfterSeconds = maxHoldMs / 1000;
/** Closer, they are shown again: less, so that it does not change to and fro. */
const liveBeforeSeconds = 15;

/** Chooses the messages. Between the two distances, and while the distance is unknown, the mode stays. */
export function chatMode(situation: ChatSituation, previous: ChatMode): ChatMode {
  const { liveRoot, recording, hasChat, session, startedAt, secondsToLive } = situation;
  if (!hasChat) return { kind: 'none' };
  if (recording !== null) {
    const folder = recording.slice(0, recording.lastIndexOf('/') + 1);
    return { kind: 'replay', span: `${folder}chat.json`, minutes: `${folder}chat/` };
  }
  if (session === null) return { kind: 'none' };
  const wasPast = previous.kind === 'past';
  const isPast = secondsToLive === null ? wasPast : secondsToLive > (wasPast ? liveBeforeSeconds : pastAfterSeconds);
  return isPast && startedAt !== null
    ? { kind: 'past', minutes: `${liveRoot}/${session}/chat/at/`, first: minuteOf(startedAt.getTime()) }
    : { kind: 'live' };
}

/** Whether two modes show the same messages. */
export function isSameMode(a: ChatMode, b: ChatMode): boolean {
  return a.kind === b.kind && ('minutes' in a ? a.minutes : '') === ('minutes' in b ? b.minutes : '');
}
