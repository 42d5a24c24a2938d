/** What the server says a channel is doing: the body of `status.json`. */
export interface Broadcast {
  state: 'offline' | 'starting' | 'live' | 'ended';
  session: string | null;
  startedAt: Date | null;
  /** Changes whenever new media exists. Only compared, never read. */
  liveEdge: string | null;
  title: string | null;
  /** What is announced to begin next. */
  next: Announcement | null;
  /** The newest broadcast that is over and can be replayed. */
  replay?: Replay;
  /** How many watch, where the server tells. */
  viewers?: number;
  /** How this page is to tell that it plays. */
  beacon?: BeaconPlan;
}

/** Every so many seconds, by this share of the pages. */
export interface BeaconPlan {
  every: number;
  share: number;
}

export interface Announcement {
  title: string;
  startsAt: Date;
}

export interface Replay {
  /** The recording, as it stands in `/vod/{id}/…`; of a whole session, the session's. */
  id: string;
  title: string | null;
}

/** Why somebody may not watch, as far as it matters for what they can do. */
export type Denial = 'denied' | 'expired' | 'noToken';

/** The last thing heard from the server. `isUnknown`: that there is no such channel. It may be made later, and is off until then. */
export type Report =
  | { kind: 'nothing' }
  | { kind: 'answer'; broadcast: Broadcast; isUnknown?: true }
  | { kind: 'denied'; why: Denial }
  | { kind: 'unreachable'; failures: number };

export const offline: Broadcast = { state: 'offline', session: null, startedAt: null, liveEdge: null, title: null, next: null };

const states = ['offline', 'starting', 'live', 'ended'] as const;

/** Null when the body is not a status: the caller then treats the server as unreachable. */
export function parseBroadcast(body: unknown): Broadcast | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  // The session goes on: what is missing may come at any moment, and what is there is played meanwhile.
  const said = fields.state === 'interrupted' ? 'live' : fields.state;
  const state = states.find((known) => known === said);
  if (state === undefined) return null;
  return {
    state,
    session: text(fields.session),
    startedAt: date(fields.startedAt),
    liveEdge: fields.liveEdge === undefined || fields.liveEdge === null ? null : JSON.stringify(fields.liveEdge),
    title: text(fields.title),
    next: announcement(fields.next),
    viewers: number(fields.viewers, 0, Number.MAX_SAFE_INTEGER),
    beacon: beaconPlan(fields.beacon),
    ...replayOf(fields.replay),
  };
}

/** What one answer means, before its body is read. `refusal` is the server's word for a no, its header `X-Refusal`. */
export function reportForStatusCode(code: number, failures: number, refusal: string | null = null): Report | 'read the body' {
  if (code >= 200 && code < 300) return 'read the body';
  if (code === 404 || code === 410) return { kind: 'answer', broadcast: offline, isUnknown: true };
  if (code === 401 || code === 403) return { kind: 'denied', why: refusal === 'no_token' ? 'noToken' : refusal === 'expired' ? 'expired' : 'denied' };
  return { kind: 'unreachable', failures: failures + 1 };
}

/** How many answers in a row say that there is no such channel until it is believed of one that was there. */
const believedAfter = 3;

/** Takes it with doubt that there is no such channel, where there was one on this page: a server that begins, or a cache, may say so for a moment. It is off until then. */
export class Doubt {
  private wasThere = false;
  private saidInARow = 0;

  /** What to make of an answer; each is to be told once. */
  weigh(report: Report): Report {
    if (report.kind !== 'answer') return report;
    this.saidInARow = report.isUnknown === true ? this.saidInARow + 1 : 0;
    if (report.isUnknown !== true) this.wasThere = true;
    return this.wasThere && this.saidInARow < believedAfter ? { kind: 'answer', broadcast: report.broadcast } : report;
  }
}

/**
 * Milliseconds until the next question. Every viewer of a channel asks, so the answer is spread by `random` (0 to 1):
 * 2 to 3 s while waiting for something to happen, 8 to 12 s while the picture runs, slower again when the server is long away.
 */
export function pollDelay(report: Report, pictureRuns: boolean, random: number): number {
  if (report.kind === 'unreachable' && report.failures > 10) return 4000 + 4000 * random;
  if (report.kind === 'denied') return 8000 + 4000 * random;
  return pictureRuns ? 8000 + 4000 * random : 2000 + 1000 * random;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function announcement(value: unknown): Announcement | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const title = text(fields.title);
  const startsAt = date(fields.startsAt);
  return title === null || startsAt === null ? null : { title, startsAt };
}

function replayOf(value: unknown): { replay?: Replay } {
  const replay = parseReplay(value);
  return replay === null ? {} : { replay };
}

export function parseReplay(value: unknown): Replay | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const id = text(fields.id);
  return id === null ? null : { id, title: text(fields.title) };
}

function beaconPlan(value: unknown): BeaconPlan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const every = number(fields.every, 5, 3600);
  const share = number(fields.share, 0, 1);
  return every === undefined || share === undefined ? undefined : { every, share };
}

function number(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined;
}

function date(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}
