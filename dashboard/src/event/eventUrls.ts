import { type ChannelUrls, channelUrls } from '../player/channelUrls';

/** The URLs of an event or a recording, derived from the page's URL. */
export interface EventUrls {
  id: string;
  kind: 'event' | 'recording';
  /** The status. */
  status: string;
  /** The iCalendar file; of events only. */
  calendar: string;
  /** The server's clock. */
  time: string;
  /** Whether the page is an embed. */
  isEmbedded: boolean;
  /** The URLs of the event's channel, with the same token. */
  channel(name: string): ChannelUrls | null;
}

const pagePath = /^(?<prefix>.*?)(?<embed>\/embed)?\/(?<kind>event|recording)\/(?<id>[0-7][0-9A-HJKMNP-TV-Z]{25})\/?$/;
const tokenPath = /\/t\/[^/]+$/;

/**
 * Parses `/event/ID` and `/embed/event/ID`, and the same with `recording`, optionally below `/t/TOKEN` or with `?token=TOKEN`. Null for
 * other paths.
 */
export function eventUrls(pathname: string, search = ''): EventUrls | null {
  const groups = pagePath.exec(pathname)?.groups;
  const id = groups?.id;
  if (groups === undefined || id === undefined) return null;
  const prefix = groups.prefix ?? '';
  // Two leading slashes would make the next segment a host name.
  if (prefix.startsWith('//')) return null;
  const root = prefix.replace(tokenPath, '');
  const requestedToken = new URLSearchParams(search).get('token') ?? '';
  const tokenPrefix = requestedToken === '' ? prefix : `${root}/t/${encodeURIComponent(requestedToken)}`;
  return {
    id,
    kind: groups.kind === 'recording' ? 'recording' : 'event',
    status: `${tokenPrefix}/${groups.kind}/${id}/status.json`,
    calendar: `${tokenPrefix}/event/${id}/event.ics`,
    time: `${root}/time`,
    isEmbedded: groups.embed !== undefined,
    channel: (name) => channelUrls(`${prefix}/watch/${encodeURIComponent(name)}`, search),
  };
}
