import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/events` and `/api/v1/calendar-feeds`.

export type EventState = 'scheduled' | 'preview' | 'live' | 'ended' | 'cancelled';

/** An event or a series. Instants are ISO 8601. */
export type PlannedEvent = Omit<Schemas['EventView'], 'kind' | 'state'> & {
  kind: 'single' | 'series' | 'occurrence';
  state: EventState;
  /** Its access policy; `channel` to inherit the channel's. Older servers omit it. */
  access?: string;
};

/** Event members of a request. Times are local times in the event's zone. */
export type EventRequest = Partial<Schemas['NewEvent']> & Schemas['EventChange'] & { access?: string };

export type EventHistoryEntry = Schemas['EventHistoryView'];

export type CalendarFeed = Schemas['CalendarFeedView'];

/** Whether it can be moved: only before its preview starts. */
export function isMovable(event: PlannedEvent): boolean {
  return event.state === 'scheduled' && event.kind !== 'series';
}

export interface EventFilter {
  from?: Date;
  to?: Date;
  channel?: string;
  after?: string;
  limit?: number;
}

/** Maximum number of events in a response. */
export const maxPageSize = 200;

// Limit for calendars; further events are omitted.
const maxEvents = 2000;

export function listEvents(api: Api, filter: EventFilter): Promise<PlannedEvent[]> {
  const query = new URLSearchParams();
  if (filter.from) query.set('from', formatUtc(filter.from));
  if (filter.to) query.set('to', formatUtc(filter.to));
  if (filter.channel) query.set('channel', filter.channel);
  if (filter.after) query.set('after', filter.after);
  query.set('limit', String(filter.limit ?? maxPageSize));
  return api.send('GET', `/events?${query.toString()}`);
}

/** The events of a range, page by page, up to a maximum. */
export async function listAllEvents(api: Api, filter: EventFilter, max = maxEvents): Promise<PlannedEvent[]> {
  const all: PlannedEvent[] = [];
  while (all.length < max) {
    const limit = Math.min(maxPageSize, max - all.length);
    const page = await listEvents(api, { ...filter, after: all.at(-1)?.id, limit });
    all.push(...page);
    if (page.length < limit) break;
  }
  return all;
}

export function getEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.send('GET', eventPath(id));
}

export function createEvent(api: Api, request: EventRequest): Promise<PlannedEvent> {
  return api.send('POST', '/events', request);
}

export function changeEvent(api: Api, id: string, request: EventRequest): Promise<PlannedEvent> {
  return api.send('PATCH', eventPath(id), request);
}

export function cancelEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.send('POST', `${eventPath(id)}/cancel`);
}

export function goLive(api: Api, id: string): Promise<PlannedEvent> {
  return api.send('POST', `${eventPath(id)}/go-live`);
}

export function endEvent(api: Api, id: string): Promise<PlannedEvent> {
  return api.send('POST', `${eventPath(id)}/end`);
}

export function eventHistory(api: Api, id: string): Promise<EventHistoryEntry[]> {
  return api.send('GET', `${eventPath(id)}/history`);
}

export function listFeeds(api: Api): Promise<CalendarFeed[]> {
  return api.send('GET', '/calendar-feeds');
}

export function createFeed(api: Api, request: { channel?: string; label: string }): Promise<{ info: CalendarFeed; url: string }> {
  return api.send('POST', '/calendar-feeds', request);
}

export function revokeFeed(api: Api, id: string): Promise<void> {
  return api.send('DELETE', `/calendar-feeds/${encodeURIComponent(id)}`);
}

function eventPath(id: string): string {
  return `/events/${encodeURIComponent(id)}`;
}

// The API expects seconds or fractions, with `Z`.
function formatUtc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
