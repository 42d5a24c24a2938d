import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/events` and `/api/v1/calendar-feeds`.

export type EventState = 'scheduled' | 'preview' | 'live' | 'ended' | 'cancelled';

/** A planned broadcast, or a series of them. Instants are ISO 8601. */
export type PlannedEvent = Omit<Schemas['EventView'], 'kind' | 'state'> & {
  kind: 'single' | 'series' | 'occurrence';
  state: EventState;
  /** Who may watch it; `channel` for who may watch its channel. Not told by every server. */
  access?: string;
};

/** What can be asked of an event; a time is what clocks show in its time zone. */
export type EventWish = Partial<Schemas['NewEvent']> & Schemas['EventChange'] & { access?: string };

export type EventStep = Schemas['EventStepView'];

export type CalendarFeed = Schemas['CalendarFeedView'];

/** Whether it can be had at another time: only what has not begun to be prepared. */
export function mayMove(event: PlannedEvent): boolean {
  return event.state === 'scheduled' && event.kind !== 'series';
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
