import { startTimeText } from './startTime';

/** A page to share, without a token. */
export interface SharedPage {
  /** Scheme and host, such as `https://live.example.org`. */
  origin: string;
  /** The page's path, such as `/watch/main`. */
  page: string;
  /** The embed's path, such as `/embed/main`. */
  embed: string;
  title: string;
}

/** The URL to share; `at` is the start in seconds of the broadcast. */
export function shareUrl({ origin, page }: SharedPage, at: number | null): string {
  return `${origin}${page}${at === null ? '' : `?t=${startTimeText(at)}`}`;
}

/**
 * The embed code; without chat, identical to the server's oEmbed response. It fills the available width up to its `width`. Where styles are
 * forbidden, its attributes apply. An embed with chat keeps its height: on wide pages the chat is beside the video, on narrow ones below.
 */
export function embedCode({ origin, embed, title }: SharedPage, at: number | null, withChat = false): string {
  const query = [...(at === null ? [] : [`t=${startTimeText(at)}`]), ...(withChat ? ['chat=1'] : [])].join('&');
  const source = `${origin}${embed}${query === '' ? '' : `?${query}`}`;
  const [height, style] = withChat ? [540, 'max-width: 100%'] : [720, 'max-width: 100%; height: auto; aspect-ratio: 16 / 9'];
  return (
    `<iframe src="${escapeHtml(source)}" width="1280" height="${height}" title="${escapeHtml(title)}" frameborder="0" ` +
    `style="${style}" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`
  );
}

/** The paths of page and embed, without a prefix before `/watch/` and without tokens. */
export function sharedPaths(pathname: string): { page: string; embed: string } | null {
  const own = /\/(?<kind>event|recording)\/(?<id>[^/]+)\/?$/.exec(pathname)?.groups;
  if (own !== undefined) return { page: `/${own.kind}/${own.id}`, embed: `/embed/${own.kind}/${own.id}` };
  const channel = /\/(?:watch|embed)\/(?<name>[^/]+)\/?$/.exec(pathname)?.groups?.name;
  return channel === undefined ? null : { page: `/watch/${channel}`, embed: `/embed/${channel}` };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
