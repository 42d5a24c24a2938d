import type { Api } from '../api';

// `/api/v1/events` and `/api/v1/calendar-feeds`.

export type EventState = 'scheduled' | 'preview' | 'live' | 'ended' | 'cancelled';

/** A planned broadcast, or a series of them. Instants are ISO 8601. */
export interface PlannedEvent {
  id: string;
  kind: 'single' | 'series' | 'occurrence';
  /** Of an occurrence: its series. */
  series: string | null;
  channel: string;
  title: string;
  description: string;
  state: EventState;
  /** Why it is in its state; empty while nothing has happened. */
  reason: string;
  startsAt: string;
  endsAt: string;
  /** IANA name. */
  timeZone: string;
  /** What clocks show there when it starts, such as `2030-01-31T20:00:00`. */
  localStart: string;
  /** Of a series: its rule (RFC 5545). */
  recurrence: string | null;
  isChanged: boolean;
  /** `on`, `off`, or `channel` for what the channel says. */
  record: string;
  /** Who may watch it and its recording: `public`, `token`, `webhook`, or `channel` for whom the channel lets in. */
  access: string;
  /** `automatic` or `manual`. */
  startMode: string;
  previewSeconds: number;
  /** Whether viewers are told of it before: `on` or `off`. */
  announced: string;
  ladder: string;
  latency: string;
  /** Address of a picture; empty for none. */
  poster: string;
  graceSeconds: number;
  overrun: string;
  noShowSeconds: number;
  reminderMinutes: number[];
  wentLiveAt: string | null;
  endedAt: string | null;
  /** Since when an encoder is missed. */
  lateSince: string | null;
}

/** What can be asked of an event; a time is what clocks show in its time zone. */
export interface EventWish {
  title?: string;
  channel?: string;
  start?: string;
  end?: string;
  description?: string;
  timeZone?: string;
  recurrence?: string;
  record?: string;
  access?: string;
  startMode?: string;
  previewSeconds?: number;
  announced?: string;
  ladder?: string;
  latency?: string;
  poster?: string;
  graceSeconds?: number;
  overrun?: string;
  noShowSeconds?: number;
  reminderMinutes?: number[];
}

export interface EventStep {
  at: string;
  state: string;
  reason: string;
}

export interface CalendarFeed {
  id: string;
  /** Null for all channels. */
  channel: string | null;
  label: string;
  createdAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export interface EventFilter {
  from?: Date;
  to?: Date;
  channel?: string;
  after?: string;
  limit?: number;
}

/** Most events that one answer holds. */
export const mostEvents = 200;

// No calendar shows more; what is beyond that is cut off.
const mostShown = 2000;

export function listEvents(api: Api, filter: EventFilter): Promise<PlannedEvent[]> {
  const query = new URLSearchParams();
  if (filter.from) query.set('from', utc(filter.from));
  if (filter.to) query.set('to', utc(filter.to));
  if (filter.channel) query.set('channel', filter.channel);
  if (filter.after) query.set('after', filter.after);
  query.set('limit', String(filter.limit ?? mostEvents));
  return api.ask('GET', `/events?${query.toString()}`);
}

/** The events of a range, read page by page, at most so many. */
export async function listAllEvents(api: Api, filter: EventFilter, most = mostShown): Promise<PlannedEvent[]> {
  const all: PlannedEvent[] = [];
  while (all.length < most) {
    const limit = Math.min(mostEvents, most - all.length);
    const found = await listEvents(api, { ...filter, after: all.at(-1)?.id, limit });
    all.push(...found);
    if (found.length < limit) break;
  }
  return all;
}

export function getEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.ask('GET', eventPath(id));
}

export function createEvent(api: Api, wish: EventWish): Promise<PlannedEvent> {
  return api.ask('POST', '/events', wish);
}

export function changeEvent(api: Api, id: string, wish: EventWish): Promise<PlannedEvent> {
  return api.ask('PATCH', eventPath(id), wish);
}

export function cancelEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.ask('POST', `${eventPath(id)}/cancel`);
}

export function goLive(api: Api, id: string): Promise<PlannedEvent> {
  return api.ask('POST', `${eventPath(id)}/go-live`);
}

export function endEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.ask('POST', `${eventPath(id)}/end`);
}

export function eventHistory(api: Api, id: string): Promise<EventStep[]> {
  return api.ask('GET', `${eventPath(id)}/history`);
}

export function listFeeds(api: Api): Promise<CalendarFeed[]> {
  return api.ask('GET', '/calendar-feeds');
}

export function createFeed(api: Api, wish: { channel?: string; label: string }): Promise<{ info: CalendarFeed; address: string }> {
  return api.ask('POST', '/calendar-feeds', wish);
}

export function revokeFeed(api: Api, id: string): Promise<void> {
  return api.ask('DELETE', `/calendar-feeds/${encodeURIComponent(id)}`);
}

function eventPath(id: string): string {
  return `/events/${encodeURIComponent(id)}`;
}

// The API takes whole seconds or fractions, with `Z`.
function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
