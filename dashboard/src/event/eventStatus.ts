import { type Replay, parseReplay } from '../player/channelStatus';

/** An event's status: the body of `/event/{id}/status.json`. */
export interface EventStatus {
  id: string;
  channel: string;
  title: string;
  description: string;
  /** Path on this server; null if there is none. External images are not loaded. */
  poster: string | null;
  state: 'scheduled' | 'live' | 'ended' | 'cancelled';
  startsAt: Date;
  endsAt: Date;
  endedAt: Date | null;
  replay: Replay | null;
}

/** The last result of polling. */
export type EventReport =
  | { kind: 'nothing' }
  | { kind: 'answer'; event: EventStatus }
  | { kind: 'notFound' }
  | { kind: 'denied'; noToken: boolean }
  | { kind: 'unreachable'; failures: number };

/** What the page shows. */
export type EventPhase =
  'loading' | 'countdown' | 'late' | 'live' | 'replay' | 'ended' | 'cancelled' | 'notFound' | 'denied' | 'unreachable';

const states = ['scheduled', 'live', 'ended', 'cancelled'] as const;

/** Failures in a row before a page without data shows an error. */
const maxFailures = 3;

/** Null if the body is not an event. */
export function parseEvent(body: unknown): EventStatus | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  const state = states.find((event) => event === fields.state);
  const [id, channel, title, startsAt, endsAt] = [
    parseText(fields.id),
    parseText(fields.channel),
    parseText(fields.title),
    parseDate(fields.startsAt),
    parseDate(fields.endsAt),
  ];
  if (state === undefined || id === null || channel === null || title === null || startsAt === null || endsAt === null) return null;
  const poster = parseText(fields.poster);
  return {
    id,
    channel,
    title,
    description: parseText(fields.description) ?? '',
    poster: poster !== null && poster.startsWith('/') && !poster.startsWith('//') ? poster : null,
    state,
    startsAt,
    endsAt,
    endedAt: parseDate(fields.endedAt),
    replay: parseReplay(fields.replay),
  };
}

/** Interprets a status code. */
export function eventReportForStatusCode(code: number, failures: number, denialReason: string | null): EventReport | 'read the body' {
  if (code >= 200 && code < 300) return 'read the body';
  if (code === 404 || code === 410) return { kind: 'notFound' };
  if (code === 401 || code === 403) return { kind: 'denied', noToken: denialReason === 'no_token' };
  return { kind: 'unreachable', failures: failures + 1 };
}

/** The phase to show. It does not change while the server is unreachable. */
export function eventPhase(report: EventReport, event: EventStatus | null, now: number): EventPhase {
  if (report.kind === 'notFound') return 'notFound';
  if (report.kind === 'denied') return 'denied';
  if (event === null) return report.kind === 'unreachable' && report.failures >= maxFailures ? 'unreachable' : 'loading';
  switch (event.state) {
    case 'scheduled':
      return event.startsAt.getTime() > now ? 'countdown' : 'late';
    case 'live':
      return 'live';
    case 'cancelled':
      return 'cancelled';
    case 'ended':
      return event.replay === null ? 'ended' : 'replay';
  }
}

/** Milliseconds until the next poll, spread by `random` (0 to 1): short if a change is near, long otherwise. */
export function eventPollDelay(report: EventReport, event: EventStatus | null, now: number, random: number): number {
  const within = (from: number, to: number) => from + (to - from) * random;
  if (report.kind === 'unreachable' && report.failures > 10) return within(4000, 8000);
  if (report.kind === 'denied' || report.kind === 'notFound') return within(8000, 12_000);
  if (event === null) return within(2000, 3000);
  switch (event.state) {
    case 'scheduled': {
      const untilStart = event.startsAt.getTime() - now;
      // The start may move, and the event may go live early.
      return untilStart > 60 * 60_000 ? within(45_000, 75_000) : untilStart > 10 * 60_000 ? within(12_000, 20_000) : within(2000, 4000);
    }
    case 'live':
      return within(4000, 8000);
    case 'ended': {
      const sinceEnd = now - (event.endedAt?.getTime() ?? 0);
      return event.replay === null && sinceEnd < 10 * 60_000 ? within(3000, 5000) : within(45_000, 75_000);
    }
    case 'cancelled':
      return within(45_000, 75_000);
  }
}

function parseText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function parseDate(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}
