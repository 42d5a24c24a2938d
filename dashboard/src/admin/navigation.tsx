import { type MouseEvent, type ReactNode, useCallback, useEffect, useState } from 'react';

const root = '/dashboard';

/** The dashboard's pages, by the first part of their address below `/dashboard`; `channels` is the page of one channel, whose name follows. */
export type Page = 'now' | 'channels' | 'schedule' | 'recordings' | 'settings';

/** Where somebody is: a page, and what of it. */
export interface Place {
  page: Page;
  /** What comes after the page in the address; empty where nothing does. */
  part: string;
}

/** What an address shows. One that is not known is the first page's, with a part that is none of it. */
export function placeOf(pathname: string): Place {
  const [page = '', part = ''] = pathname.startsWith(`${root}/`) ? pathname.slice(root.length + 1).split('/') : [];
  if (page === 'channels' && part !== '') return { page, part: decoded(part) };
  return page === 'schedule' || page === 'recordings' || page === 'settings' ? { page, part } : { page: 'now', part: page };
}

/** Whether there is anything at a place. The set-up, and a channel's page without a name, show what is on now. */
export function isPlace(place: Place): boolean {
  return place.page !== 'now' || ['', 'now', 'setup', 'channels'].includes(place.part);
}

/** The address that shows a page. */
export function addressOf(page: Page, part = ''): string {
  if (page === 'now') return root;
  return part === '' ? `${root}/${page}` : `${root}/${page}/${encodeURIComponent(part)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export interface Navigation {
  place: Place;
  go: (address: string) => void;
}

/** Follows the browser's address; `go` changes it without loading anything. */
export function useNavigation(): Navigation {
  const [place, setPlace] = useState(() => placeOf(window.location.pathname));
  useEffect(() => {
    const follow = () => setPlace(placeOf(window.location.pathname));
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
  const go = useCallback((address: string) => {
    window.history.pushState(null, '', address);
    window.scrollTo(0, 0);
    setPlace(placeOf(window.location.pathname));
  }, []);
  return { place, go };
}

interface PageLinkProps {
  to: string;
  current: boolean;
  className?: string;
  go: (address: string) => void;
  children: ReactNode;
}

/** A link within the dashboard: a real one, so that it opens in another tab too. */
export function PageLink({ to, current, className, go, children }: PageLinkProps) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  }
  return (
    <a href={to} className={className} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
