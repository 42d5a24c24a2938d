/**
 * What is on this page is called, as the head of the page says where everybody may know.
 * @param name what it is called where the head says nothing: the channel's name in addresses
 */
export function calledOr(name: string): string {
  return document.querySelector<HTMLMetaElement>('meta[property="og:title"]')?.content || name;
}
