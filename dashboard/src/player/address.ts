/** Where one channel's things are, worked out from the page's own address. */
export interface ChannelAddress {
  channel: string;
  /** The multivariant playlist. */
  playlist: string;
  /** What the channel is doing right now. */
  status: string;
  /** The channel's latest picture, where there is one. */
  poster: string;
  /** Where the page tells that it plays. */
  beacon: string;
  /** The server's clock. */
  time: string;
  /** The page to watch it on, for links out of an embed. */
  watchPage: string;
}

const page = /^(?<prefix>.*)\/(?:watch|embed)\/(?<channel>[^/]+)\/?$/;
const token = /\/t\/[^/]+$/;

/**
 * Reads `/watch/NAME` and `/embed/NAME`, also below a prefix: `/t/TOKEN/watch/NAME` plays `/t/TOKEN/live/NAME/…`, and so does `/watch/NAME?token=TOKEN`.
 * The token stays in addresses and is kept nowhere. The clock needs none. Null when the path names no channel.
 */
export function channelAddress(pathname: string, search = ''): ChannelAddress | null {
  const groups = page.exec(pathname)?.groups;
  const segment = groups?.channel;
  if (groups === undefined || segment === undefined) return null;

  const channel = decoded(segment);
  if (channel === null || channel === '.' || channel === '..') return null;

  const prefix = groups.prefix ?? '';
  // Two leading slashes would make what follows another host.
  if (prefix.startsWith('//')) return null;
  const asked = new URLSearchParams(search).get('token') ?? '';
  const query = asked === '' ? '' : `?token=${encodeURIComponent(asked)}`;
  const guarded = asked === '' ? prefix : `${prefix.replace(token, '')}/t/${encodeURIComponent(asked)}`;
  const live = `${guarded}/live/${encodeURIComponent(channel)}`;
  return {
    channel,
    playlist: `${live}/index.m3u8`,
    status: `${live}/status.json`,
    poster: `${live}/poster.jpg`,
    beacon: `${live}/beacon`,
    time: `${prefix.replace(token, '')}/time`,
    watchPage: `${prefix}/watch/${encodeURIComponent(channel)}${query}`,
  };
}

/** The recording of a session, as whoever plays the channel may play it: `/live/NAME/index.m3u8` becomes `/vod/SESSION/index.m3u8`. */
export function recordingPlaylist(playlist: string, session: string): string {
  return playlist.replace(/live\/[^/]+\/index\.m3u8$/, `vod/${encodeURIComponent(session)}/index.m3u8`);
}

/** What an embedding page asks for: `?muted=1&autoplay=0&counted=0`. */
export interface EmbedOptions {
  muted: boolean;
  autoplay: boolean;
  /** Whether who sees it counts as a viewer; left out: yes. Its makers, who look at it in the dashboard, are none. */
  counted?: boolean;
}

export function embedOptions(search: string): EmbedOptions {
  const query = new URLSearchParams(search);
  return { muted: flag(query.get('muted'), false), autoplay: flag(query.get('autoplay'), true), ...(flag(query.get('counted'), true) ? {} : { counted: false }) };
}

function flag(value: string | null, otherwise: boolean): boolean {
  if (value === null) return otherwise;
  return value !== '0' && value.toLowerCase() !== 'false';
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
