/** The URLs of a channel, derived from the page's URL. */
export interface ChannelUrls {
  channel: string;
  /** The multivariant playlist. */
  playlist: string;
  /** The channel's status. */
  status: string;
  /** The channel's latest thumbnail. */
  poster: string;
  /** Receives beacons. */
  beacon: string;
  /** The server's clock. */
  time: string;
  /** The chat: where messages are read (`…/live/NAME`) and written (`…/chat/NAME`). */
  chat: { live: string; post: string };
  /** The page with the chat alone. */
  chatPage: string;
  /** The watch page, for links from an embed. */
  watchPage: string;
}

const pagePath = /^(?<prefix>.*)\/(?:watch|embed)\/(?<channel>[^/]+)\/?$/;
const tokenPath = /\/t\/[^/]+$/;

/**
 * Parses `/watch/NAME` and `/embed/NAME`, optionally below a prefix. `/t/TOKEN/watch/NAME` and `/watch/NAME?token=TOKEN` play
 * `/t/TOKEN/live/NAME/…`. The token is only used in URLs and never stored. The clock needs none. Null if the path names no channel.
 */
export function channelUrls(pathname: string, search = ''): ChannelUrls | null {
  const groups = pagePath.exec(pathname)?.groups;
  const encodedName = groups?.channel;
  if (groups === undefined || encodedName === undefined) return null;

  const channel = decodeName(encodedName);
  if (channel === null || channel === '.' || channel === '..') return null;

  const prefix = groups.prefix ?? '';
  // Two leading slashes would make the next segment a host name.
  if (prefix.startsWith('//')) return null;
  const requestedToken = new URLSearchParams(search).get('token') ?? '';
  const query = requestedToken === '' ? '' : `?token=${encodeURIComponent(requestedToken)}`;
  const tokenPrefix = requestedToken === '' ? prefix : `${prefix.replace(tokenPath, '')}/t/${encodeURIComponent(requestedToken)}`;
  const live = `${tokenPrefix}/live/${encodeURIComponent(channel)}`;
  return {
    channel,
    playlist: `${live}/index.m3u8`,
    status: `${live}/status.json`,
    poster: `${live}/poster.jpg?optional`,
    beacon: `${live}/beacon`,
    chat: { live, post: `${tokenPrefix}/chat/${encodeURIComponent(channel)}` },
    time: `${prefix.replace(tokenPath, '')}/time`,
    watchPage: `${prefix}/watch/${encodeURIComponent(channel)}${query}`,
    chatPage: `${prefix}/watch/${encodeURIComponent(channel)}/chat${query}`,
  };
}

/** The URLs of the channel of a page with the chat alone: `/watch/NAME/chat`, `/embed/NAME/chat` or `/watch/NAME/overlay`. */
export function chatPageUrls(pathname: string, search = ''): ChannelUrls | null {
  const groups = /^(?<channelPage>.*)\/(?:chat|overlay)\/?$/.exec(pathname)?.groups;
  return groups?.channelPage === undefined ? null : channelUrls(groups.channelPage, search);
}

/** The recording of a session, with the channel's token: `/live/NAME/index.m3u8` becomes `/vod/SESSION/index.m3u8`. */
export function recordingPlaylist(playlist: string, session: string): string {
  return playlist.replace(/live\/[^/]+\/index\.m3u8$/, `vod/${encodeURIComponent(session)}/index.m3u8`);
}

/** Options of an embed: `?muted=1&autoplay=0&counted=0&chat=1`. */
export interface EmbedOptions {
  muted: boolean;
  autoplay: boolean;
  /** Whether playback counts as a viewer; default: yes. The dashboard's preview does not. */
  counted?: boolean;
  /** Whether the chat is beside the player; default: no. */
  chat?: boolean;
}

export function embedOptions(search: string): EmbedOptions {
  const query = new URLSearchParams(search);
  return {
    muted: parseFlag(query.get('muted'), false),
    autoplay: parseFlag(query.get('autoplay'), true),
    ...(parseFlag(query.get('counted'), true) ? {} : { counted: false }),
    ...(parseFlag(query.get('chat'), false) ? { chat: true } : {}),
  };
}

function parseFlag(value: string | null, fallback: boolean): boolean {
  if (value === null) return fallback;
  return value !== '0' && value.toLowerCase() !== 'false';
}

function decodeName(encodedName: string): string | null {
  try {
    return decodeURIComponent(encodedName);
  } catch {
    return null;
  }
}
