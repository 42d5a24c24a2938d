import { type Replay, parseReplay } from '../player/broadcast';

/** What the server says of an event: the body of `/event/{id}/status.json`. */
export interface EventStatus {
  id: string;
  channel: string;
  title: string;
  description: string;
  /** A picture on this server; null where there is none. Pictures of elsewhere are not loaded. */
  poster: string | null;
  state: 'scheduled' | 'live' | 'ended' | 'cancelled';
  startsAt: Date;
  endsAt: Date;
  endedAt: Date | null;
  replay: Replay | null;
}

/** The last thing heard. */
export type EventReport =
  | { kind: 'nothing' }
  | { kind: 'answer'; event: EventStatus }
  | { kind: 'notFound' }
  | { kind: 'denied'; noToken: boolean }
  | { kind: 'unreachable'; failures: number };

/** What the page shows. */
export type EventPhase = 'loading' | 'countdown' | 'late' | 'live' | 'replay' | 'ended' | 'cancelled' | 'notFound' | 'denied' | 'unreachable';

const states = ['scheduled', 'live', 'ended', 'cancelled'] as const;

/** Unanswered questions in a row until a page that has shown nothing says so. */
const patience = 3;

/** Null when the body is no event. */
export function parseEvent(body: unknown): EventStatus | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  const state = states.find((known) => known === fields.state);
  const [id, channel, title, startsAt, endsAt] = [text(fields.id), text(fields.channel), text(fields.title), date(fields.startsAt), date(fields.endsAt)];
  if (state === undefined || id === null || channel === null || title === null || startsAt === null || endsAt === null) return null;
  const poster = text(fields.poster);
  return {
    id,
    channel,
    title,
    description: text(fields.description) ?? '',
    poster: poster !== null && poster.startsWith('/') && !poster.startsWith('//') ? poster : null,
    state,
    startsAt,
    endsAt,
    endedAt: date(fields.endedAt),
    replay: parseReplay(fields.replay),
  };
}

/** What one answer means, before its body is read. */
export function eventReportForStatusCode(code: number, failures: number, refusal: string | null): EventReport | 'read the body' {
  if (code >= 200 && code < 300) return 'read the body';
  if (code === 404 || code === 410) return { kind: 'notFound' };
  if (code === 401 || code === 403) return { kind: 'denied', noToken: refusal === 'no_token' };
  return { kind: 'unreachable', failures: failures + 1 };
}

/** What to show of it. What was shown stays while the server is away. */
export function eventPhase(report: EventReport, known: EventStatus | null, now: number): EventPhase {
  if (report.kind === 'notFound') return 'notFound';
  if (report.kind === 'denied') return 'denied';
  if (known === null) return report.kind === 'unreachable' && report.failures >= patience ? 'unreachable' : 'loading';
  switch (known.state) {
    case 'scheduled':
      return known.startsAt.getTime() > now ? 'countdown' : 'late';
    case 'live':
      return 'live';
    case 'cancelled':
      return 'cancelled';
    case 'ended':
      return known.replay === null ? 'ended' : 'replay';
  }
}

/** Milliseconds until the next question, spread by `random` (0 to 1): often where something is about to happen, seldom where nothing is. */
export function eventPollDelay(report: EventReport, known: EventStatus | null, now: number, random: number): number {
  const within = (from: number, to: number) => from + (to - from) * random;
  if (report.kind === 'unreachable' && report.failures > 10) return within(4000, 8000);
  if (report.kind === 'denied' || report.kind === 'notFound') return within(8000, 12_000);
  if (known === null) return within(2000, 3000);
  switch (known.state) {
    case 'scheduled': {
      const ahead = known.startsAt.getTime() - now;
      // The time may be moved, and the makers may begin before it.
      return ahead > 60 * 60_000 ? within(45_000, 75_000) : ahead > 10 * 60_000 ? within(12_000, 20_000) : within(2000, 4000);
    }
    case 'live':
      return within(4000, 8000);
    case 'ended': {
      const over = now - (known.endedAt?.getTime() ?? 0);
      return known.replay === null && over < 10 * 60_000 ? within(3000, 5000) : within(45_000, 75_000);
    }
    case 'cancelled':
      return within(45_000, 75_000);
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function date(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}
