/** Status of a channel: the body of `status.json`. */
export interface ChannelStatus {
  state: 'offline' | 'starting' | 'live' | 'ended';
  session: string | null;
  startedAt: Date | null;
  /** Changes whenever new media exists. Only compared. */
  liveEdge: string | null;
  title: string | null;
  /** The next announced event. */
  next: Announcement | null;
  /** The latest recorded broadcast. */
  replay?: Replay;
  /** Number of viewers, if the server reports it. */
  viewers?: number;
  /** Whether viewers can read and write messages. */
  chat?: true;
  /** How this page reports playback. */
  beacon?: BeaconPlan;
}

/** Interval in seconds, and share of the pages that report. */
export interface BeaconPlan {
  every: number;
  share: number;
}

export interface Announcement {
  title: string;
  startsAt: Date;
}

export interface Replay {
  /** The recording's id in `/vod/{id}/…`; for a complete session, the session's id. */
  id: string;
  title: string | null;
}

/** Why access was denied, as far as viewers can act on it. */
export type Denial = 'denied' | 'expired' | 'noToken';

/** The last result of polling. `isUnknown`: the channel does not exist. It counts as offline, because it may be created later. */
export type Report =
  | { kind: 'nothing' }
  | { kind: 'answer'; channelStatus: ChannelStatus; isUnknown?: true }
  | { kind: 'denied'; reason: Denial }
  | { kind: 'unreachable'; failures: number };

export const offlineStatus: ChannelStatus = { state: 'offline', session: null, startedAt: null, liveEdge: null, title: null, next: null };

const states = ['offline', 'starting', 'live', 'ended'] as const;

/** Null if the body is not a status; the caller then treats the server as unreachable. */
export function parseChannelStatus(body: unknown): ChannelStatus | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  // An interrupted session continues: play what is available.
  const reported = fields.state === 'interrupted' ? 'live' : fields.state;
  const state = states.find((known) => known === reported);
  if (state === undefined) return null;
  return {
    state,
    session: parseText(fields.session),
    startedAt: parseDate(fields.startedAt),
    liveEdge: fields.liveEdge === undefined || fields.liveEdge === null ? null : JSON.stringify(fields.liveEdge),
    title: parseText(fields.title),
    next: parseAnnouncement(fields.next),
    viewers: parseNumber(fields.viewers, 0, Number.MAX_SAFE_INTEGER),
    beacon: parseBeaconPlan(fields.beacon),
    ...(fields.chat === true ? { chat: true } : {}),
    ...parseReplayField(fields.replay),
  };
}

/** Interprets a status code. `denialReason` is the value of the header `X-Denial-Reason`. */
export function reportForStatusCode(code: number, failures: number, denialReason: string | null = null): Report | 'read the body' {
  if (code >= 200 && code < 300) return 'read the body';
  if (code === 404 || code === 410) return { kind: 'answer', channelStatus: offlineStatus, isUnknown: true };
  if (code === 401 || code === 403)
    return { kind: 'denied', reason: denialReason === 'no_token' ? 'noToken' : denialReason === 'expired' ? 'expired' : 'denied' };
  return { kind: 'unreachable', failures: failures + 1 };
}

/** Number of 404 responses in a row that confirm that a known channel does not exist. */
const confirmAfter = 3;

/**
 * Delays the report that a known channel does not exist: a starting server or a cache may respond with 404 temporarily. Until confirmed,
 * the channel counts as offline.
 */
export class UnknownChannelFilter {
  private wasKnown = false;
  private unknownInARow = 0;

  /** Filters a report. Call once per response. */
  apply(report: Report): Report {
    if (report.kind !== 'answer') return report;
    this.unknownInARow = report.isUnknown === true ? this.unknownInARow + 1 : 0;
    if (report.isUnknown !== true) this.wasKnown = true;
    return this.wasKnown && this.unknownInARow < confirmAfter ? { kind: 'answer', channelStatus: report.channelStatus } : report;
  }
}

/**
 * Milliseconds until the next poll, spread by `random` (0 to 1), because all viewers poll: 2 to 3 s while waiting, 8 to 12 s during
 * playback, slower after many failures.
 */
export function pollDelay(report: Report, isPlaying: boolean, random: number): number {
  if (report.kind === 'unreachable' && report.failures > 10) return 4000 + 4000 * random;
  if (report.kind === 'denied') return 8000 + 4000 * random;
  return isPlaying ? 8000 + 4000 * random : 2000 + 1000 * random;
}

function parseText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function parseAnnouncement(value: unknown): Announcement | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const title = parseText(fields.title);
  const startsAt = parseDate(fields.startsAt);
  return title === null || startsAt === null ? null : { title, startsAt };
}

function parseReplayField(value: unknown): { replay?: Replay } {
  const replay = parseReplay(value);
  return replay === null ? {} : { replay };
}

export function parseReplay(value: unknown): Replay | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const id = parseText(fields.id);
  return id === null ? null : { id, title: parseText(fields.title) };
}

function parseBeaconPlan(value: unknown): BeaconPlan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const every = parseNumber(fields.every, 5, 3600);
  const share = parseNumber(fields.share, 0, 1);
  return every === undefined || share === undefined ? undefined : { every, share };
}

function parseNumber(value: unknown, min: number, max: number): number | undefined {
  return typeof value === 'number' && value >= min && value <= max ? value : undefined;
}

function parseDate(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}
