import type { System } from './api';

// URLs of the viewer pages. They contain no token.

/** Scheme and host of the viewer pages: as configured on the server, or else the dashboard's. */
export function viewerPageOrigin(system: Pick<System, 'publicUrl'>, dashboardOrigin: string): string {
  return system.publicUrl ?? dashboardOrigin;
}

/** The watch page of a channel; `origin` is scheme and host, such as `https://live.example.org`. */
export function channelPageUrl(origin: string, channel: string): string {
  return `${origin}/watch/${encodeURIComponent(channel)}`;
}

/** The page of a recording or clip. */
export function recordingPageUrl(origin: string, id: string): string {
  return `${origin}/recording/${encodeURIComponent(id)}`;
}

/** The page of an event: a countdown, then the event, later its recording. */
export function eventPageUrl(origin: string, id: string): string {
  return `${origin}/event/${encodeURIComponent(id)}`;
}
