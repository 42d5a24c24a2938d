/**
 * The title that the server put into the page's head.
 * @param fallback used if the head has none: the channel's name in URLs
 */
export function pageTitle(fallback: string): string {
  return document.querySelector<HTMLMetaElement>('meta[property="og:title"]')?.content || fallback;
}
