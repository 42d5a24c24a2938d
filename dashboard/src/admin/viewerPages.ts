// Where viewers find what the dashboard is about. None of these addresses has a token in it.

/** The page of a channel, which shows whatever is on; `origin` is scheme and host, such as `https://live.example.org`. */
export function channelPageAddress(origin: string, channel: string): string {
  return `${origin}/watch/${encodeURIComponent(channel)}`;
}

/** The page of one event: a countdown before it, the event itself, and its recording afterwards. */
export function eventPageAddress(origin: string, id: string): string {
  return `${origin}/event/${encodeURIComponent(id)}`;
}
