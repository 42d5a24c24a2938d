import { startTimeText } from './startTime';

/** What is shared: a page of ours without anybody's token. */
export interface Shared {
  /** Scheme and host, such as `https://live.example.org`. */
  origin: string;
  /** The page's path, such as `/watch/main`. */
  page: string;
  /** The path of the page to embed, such as `/embed/main`. */
  embed: string;
  title: string;
}

/** The address to share; with `at`, seconds from the start of the broadcast, it begins there. */
export function sharedAddress({ origin, page }: Shared, at: number | null): string {
  return `${origin}${page}${at === null ? '' : `?t=${startTimeText(at)}`}`;
}

/** What is put into another page. The same as the server's oEmbed answer has. It is as wide as there is room, at most as its attributes say; where a page allows no styles these alone count. */
export function embedCode({ origin, embed, title }: Shared, at: number | null): string {
  const source = `${origin}${embed}${at === null ? '' : `?t=${startTimeText(at)}`}`;
  return `<iframe src="${escaped(source)}" width="1280" height="720" title="${escaped(title)}" frameborder="0" style="max-width: 100%; height: auto; aspect-ratio: 16 / 9" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}

/** Addresses with whatever stands before `/watch/` and tokens left out. */
export function sharedPage(pathname: string): { page: string; embed: string } | null {
  const groups = /\/(?<kind>watch|embed|event)\/(?<rest>(?:event\/)?[^/]+)\/?$/.exec(pathname)?.groups;
  if (groups?.rest === undefined) return null;
  const isEvent = groups.kind === 'event' || groups.rest.startsWith('event/');
  const name = groups.rest.replace(/^event\//, '');
  return isEvent ? { page: `/event/${name}`, embed: `/embed/event/${name}` } : { page: `/watch/${name}`, embed: `/embed/${name}` };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
