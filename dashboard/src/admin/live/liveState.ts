import type { Channel } from '../api';

/** A health issue of a channel, from the event stream. */
export interface HealthIssue {
  code: string;
  /** `error` or `warning`. */
  severity: string;
  /** Advice to the user. */
  advice: string;
  since: string;
}

/** The dashboard's state of all channels. */
export interface LiveState {
  /** Null until the list is loaded. */
  channels: Channel[] | null;
  /** Issues by channel; channels without issues may be missing. */
  issues: Record<string, HealthIssue[]>;
  /** Incremented by each message. */
  revision: number;
  /** Revision of a channel's last state message. */
  stateRevisions: Record<string, number>;
  /** Number of activity messages by channel. */
  activityRevisions: Record<string, number>;
  /** Number of messages about moderation of the chat, by channel. */
  chatRevisions: Record<string, number>;
  /** Number of event messages. */
  eventsRevision: number;
  /** Number of reasons to reload the channel list: messages about unknown channels, or missed messages. */
  listRevision: number;
}

/** An update of the state. */
export type LiveUpdate =
  /** The channel list, with the revision at its request. */
  | { kind: 'list'; channels: Channel[]; askedAt: number }
  /** A message of the event stream. */
  | { kind: 'message'; type: string; data: string };

export const initialLiveState: LiveState = {
  channels: null,
  issues: {},
  revision: 0,
  stateRevisions: {},
  activityRevisions: {},
  chatRevisions: {},
  eventsRevision: 0,
  listRevision: 0,
};

/** Applies an update. Invalid messages and unknown types change nothing. */
export function applyUpdate(state: LiveState, update: LiveUpdate): LiveState {
  if (update.kind === 'list') return mergeList(state, update.channels, update.askedAt);
  const next = { ...state, revision: state.revision + 1 };
  if (update.type === 'reset')
    return { ...next, issues: {}, eventsRevision: state.eventsRevision + 1, listRevision: state.listRevision + 1 };
  const body = asObject(parseJson(update.data));
  const data = asObject(body?.data);
  const channel = typeof body?.channel === 'string' ? body.channel : null;
  if (data === null) return next;
  if (update.type.startsWith('event.')) next.eventsRevision = state.eventsRevision + 1;
  if (channel === null) return next;
  switch (update.type) {
    case 'channel.state':
      return mergeState(bumpActivity(next, channel), channel, data);
    case 'channel.health':
      return { ...next, issues: { ...state.issues, [channel]: parseIssues(data.issues) } };
    case 'channel.viewers':
      return mergeViewers(next, channel, typeof data.viewers === 'number' ? data.viewers : undefined);
    case 'chat.held':
    case 'chat.moderated':
      return { ...next, chatRevisions: { ...state.chatRevisions, [channel]: (state.chatRevisions[channel] ?? 0) + 1 } };
    default:
      return bumpActivity(next, channel);
  }
}

/** Merges a channel list, except states that the stream has updated since the request. */
function mergeList(state: LiveState, channels: Channel[], askedAt: number): LiveState {
  const merged = channels.map((channel) => {
    const current =
      (state.stateRevisions[channel.name] ?? -1) > askedAt ? state.channels?.find((other) => other.name === channel.name) : undefined;
    return current === undefined ? channel : { ...channel, live: current.live, inputs: current.inputs };
  });
  return { ...state, channels: merged };
}

function mergeState(state: LiveState, channel: string, data: Record<string, unknown>): LiveState {
  const next = { ...state, stateRevisions: { ...state.stateRevisions, [channel]: state.revision } };
  if (typeof data.state !== 'string') return next;
  const current = state.channels?.find((other) => other.name === channel);
  if (current === undefined) return { ...next, listRevision: state.listRevision + 1 };
  const live = {
    ...current.live,
    state: data.state,
    session: typeof data.session === 'string' ? data.session : null,
    startedAt: typeof data.startedAt === 'string' ? data.startedAt : null,
  };
  // The stream omits bitrates: keep those of the list.
  const inputs = Array.isArray(data.inputs)
    ? data.inputs.map((input: unknown) => {
        const fields = asObject(input) ?? {};
        return {
          role: String(fields.role),
          state: String(fields.state),
          onAir: fields.onAir === true,
          since: String(fields.since),
          bitsPerSecond: current.inputs?.find((other) => other.role === fields.role)?.bitsPerSecond ?? null,
        };
      })
    : current.inputs;
  return replaceChannel(next, { ...current, live, inputs });
}

function mergeViewers(state: LiveState, channel: string, viewers: number | undefined): LiveState {
  const current = state.channels?.find((other) => other.name === channel);
  if (current === undefined || current.live === null) return state;
  return replaceChannel(state, { ...current, live: { ...current.live, viewers } });
}

function replaceChannel(state: LiveState, channel: Channel): LiveState {
  return { ...state, channels: state.channels?.map((other) => (other.name === channel.name ? channel : other)) ?? null };
}

function bumpActivity(state: LiveState, channel: string): LiveState {
  return { ...state, activityRevisions: { ...state.activityRevisions, [channel]: (state.activityRevisions[channel] ?? 0) + 1 } };
}

function parseIssues(value: unknown): HealthIssue[] {
  if (!Array.isArray(value)) return [];
  return value
    .map(asObject)
    .flatMap((issue) =>
      issue === null || typeof issue.code !== 'string'
        ? []
        : [
            {
              code: issue.code,
              severity: String(issue.severity),
              advice: String(issue.advice ?? issue.code),
              since: String(issue.since ?? ''),
            },
          ],
    );
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
