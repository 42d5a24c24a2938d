import type { Channel } from '../api';

/** What is wrong on a channel, as the stream tells it. */
export interface HealthIssue {
  code: string;
  /** `error` or `warning`. */
  severity: string;
  /** What to do, in words. */
  advice: string;
  since: string;
}

/** What the dashboard knows of all channels. */
export interface LiveState {
  /** Null before the list has come once. */
  channels: Channel[] | null;
  /** By channel; what is not there has nothing wrong. */
  issues: Record<string, HealthIssue[]>;
  /** Rises with each message. */
  turn: number;
  /** At which turn a channel's state was told last. */
  told: Record<string, number>;
  /** How often something happened on a channel that stands in its timeline. */
  happened: Record<string, number>;
  /** How often an event moved. */
  events: number;
  /** How often the list of channels must have been read anew: the stream told of a channel that is not in it, or missed something. */
  stale: number;
}

/** Something that was learned. */
export type LiveNews =
  /** The list of channels, asked for at a turn. */
  | { kind: 'list'; channels: Channel[]; askedAt: number }
  /** A message of the event stream. */
  | { kind: 'message'; type: string; data: string };

export const nothingKnown: LiveState = { channels: null, issues: {}, turn: 0, told: {}, happened: {}, events: 0, stale: 0 };

/** What is known after something was learned. What cannot be read, and types that are not known, change nothing. */
export function learn(state: LiveState, news: LiveNews): LiveState {
  if (news.kind === 'list') return withList(state, news.channels, news.askedAt);
  const next = { ...state, turn: state.turn + 1 };
  if (news.type === 'reset') return { ...next, issues: {}, events: state.events + 1, stale: state.stale + 1 };
  const body = objectOf(parsed(news.data));
  const data = objectOf(body?.data);
  const channel = typeof body?.channel === 'string' ? body.channel : null;
  if (data === null) return next;
  if (news.type.startsWith('event.')) next.events = state.events + 1;
  if (channel === null) return next;
  switch (news.type) {
    case 'channel.state':
      return withState(noted(next, channel), channel, data);
    case 'channel.health':
      return { ...next, issues: { ...state.issues, [channel]: issuesOf(data.issues) } };
    case 'channel.viewers':
      return withViewers(next, channel, typeof data.viewers === 'number' ? data.viewers : undefined);
    default:
      return noted(next, channel);
  }
}

/** The list as it was asked for, but for what the stream has told since: that is newer. */
function withList(state: LiveState, channels: Channel[], askedAt: number): LiveState {
  const merged = channels.map((channel) => {
    const known = (state.told[channel.name] ?? -1) > askedAt ? state.channels?.find((other) => other.name === channel.name) : undefined;
    return known === undefined ? channel : { ...channel, live: known.live, inputs: known.inputs };
  });
  return { ...state, channels: merged };
}

function withState(state: LiveState, channel: string, data: Record<string, unknown>): LiveState {
  const told = { ...state, told: { ...state.told, [channel]: state.turn } };
  if (typeof data.state !== 'string') return told;
  const known = state.channels?.find((other) => other.name === channel);
  if (known === undefined) return { ...told, stale: state.stale + 1 };
  const live = {
    ...known.live,
    state: data.state,
    session: typeof data.session === 'string' ? data.session : null,
    startedAt: typeof data.startedAt === 'string' ? data.startedAt : null,
  };
  // The stream tells no figures: those of the list stay until it is read again.
  const inputs = Array.isArray(data.inputs)
    ? data.inputs.map((input: unknown) => {
        const told = objectOf(input) ?? {};
        return { role: String(told.role), state: String(told.state), onAir: told.onAir === true, since: String(told.since), bitsPerSecond: known.inputs?.find((other) => other.role === told.role)?.bitsPerSecond ?? null };
      })
    : known.inputs;
  return replaced(told, { ...known, live, inputs });
}

function withViewers(state: LiveState, channel: string, viewers: number | undefined): LiveState {
  const known = state.channels?.find((other) => other.name === channel);
  if (known === undefined || known.live === null) return state;
  return replaced(state, { ...known, live: { ...known.live, viewers } });
}

function replaced(state: LiveState, channel: Channel): LiveState {
  return { ...state, channels: state.channels?.map((other) => (other.name === channel.name ? channel : other)) ?? null };
}

function noted(state: LiveState, channel: string): LiveState {
  return { ...state, happened: { ...state.happened, [channel]: (state.happened[channel] ?? 0) + 1 } };
}

function issuesOf(value: unknown): HealthIssue[] {
  if (!Array.isArray(value)) return [];
  return value.map(objectOf).flatMap((issue) =>
    issue === null || typeof issue.code !== 'string' ? [] : [{ code: issue.code, severity: String(issue.severity), advice: String(issue.advice ?? issue.code), since: String(issue.since ?? '') }],
  );
}

function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
