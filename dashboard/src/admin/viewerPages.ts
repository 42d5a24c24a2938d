import type { System } from './api';

// Where viewers find what the dashboard is about. None of these addresses has a token in it.

/** Scheme and host of viewers' pages: what the server says, or else where this page is. */
export function viewerOrigin(system: Pick<System, 'publicUrl'>, here: string): string {
  return system.publicUrl ?? here;
}

/** The page of a channel, which shows whatever is on; `origin` is scheme and host, such as `https://live.example.org`. */
export function channelPageAddress(origin: string, channel: string): string {
  return `${origin}/watch/${encodeURIComponent(channel)}`;
}

/** The page of one event: a countdown before it, the event itself, and its recording afterwards. */
export function eventPageAddress(origin: string, id: string): string {
  return `${origin}/event/${encodeURIComponent(id)}`;
}
