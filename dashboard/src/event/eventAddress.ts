import { type ChannelAddress, channelAddress } from '../player/address';

/** Where one event's things are, worked out from the page's own address. */
export interface EventAddress {
  id: string;
  /** What the event does. */
  status: string;
  /** The event for calendars. */
  calendar: string;
  /** The server's clock. */
  time: string;
  /** The page is shown in another one. */
  isEmbedded: boolean;
  /** Where the things of the event's channel are: behind the same token. */
  channel(name: string): ChannelAddress | null;
}

const page = /^(?<prefix>.*?)(?<embed>\/embed)?\/event\/(?<id>[0-7][0-9A-HJKMNP-TV-Z]{25})\/?$/;
const token = /\/t\/[^/]+$/;

/** Reads `/event/ID` and `/embed/event/ID`, also behind `/t/TOKEN`, which `?token=TOKEN` stands for. Null when the path names no event. */
export function eventAddress(pathname: string, search = ''): EventAddress | null {
  const groups = page.exec(pathname)?.groups;
  const id = groups?.id;
  if (groups === undefined || id === undefined) return null;
  const prefix = groups.prefix ?? '';
  // Two leading slashes would make what follows another host.
  if (prefix.startsWith('//')) return null;
  const root = prefix.replace(token, '');
  const asked = new URLSearchParams(search).get('token') ?? '';
  const guarded = asked === '' ? prefix : `${root}/t/${encodeURIComponent(asked)}`;
  return {
    id,
    status: `${guarded}/event/${id}/status.json`,
    calendar: `${guarded}/event/${id}/event.ics`,
    time: `${root}/time`,
    isEmbedded: groups.embed !== undefined,
    channel: (name) => channelAddress(`${prefix}/watch/${encodeURIComponent(name)}`, search),
  };
}
