import { type MouseEvent, type ReactNode, useCallback, useEffect, useState } from 'react';

const basePath = '/dashboard';

/** The dashboard's pages, by the first path segment below `/dashboard`. `channels` is the page of one channel, whose name follows. */
export type Page = 'overview' | 'channels' | 'schedule' | 'recordings' | 'settings';

/** A page and its parameter. */
export interface Route {
  page: Page;
  /** The path segment after the page; may be empty. */
  part: string;
}

/** Parses a path. An unknown path is the overview with an unknown part. */
export function parseRoute(pathname: string): Route {
  const [page = '', part = ''] = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1).split('/') : [];
  if (page === 'channels' && part !== '') return { page, part: decodePart(part) };
  return page === 'schedule' || page === 'recordings' || page === 'settings' ? { page, part } : { page: 'overview', part: page };
}

/** Whether a route exists. The overview also serves `/dashboard/now`, the set-up, and a channel page without a name. */
export function isKnownRoute(route: Route): boolean {
  return route.page !== 'overview' || ['', 'now', 'overview', 'setup', 'channels'].includes(route.part);
}

/** The path of a page. */
export function routePath(page: Page, part = ''): string {
  if (page === 'overview') return basePath;
  return part === '' ? `${basePath}/${page}` : `${basePath}/${page}/${encodeURIComponent(part)}`;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export interface Navigation {
  route: Route;
  go: (url: string) => void;
}

/** Follows the browser's location; `go` changes it without loading a document. */
export function useNavigation(): Navigation {
  const [route, setRoute] = useState(() => parseRoute(window.location.pathname));
  useEffect(() => {
    const handleChange = () => setRoute(parseRoute(window.location.pathname));
    window.addEventListener('popstate', handleChange);
    return () => window.removeEventListener('popstate', handleChange);
  }, []);
  const go = useCallback((url: string) => {
    window.history.pushState(null, '', url);
    window.scrollTo(0, 0);
    setRoute(parseRoute(window.location.pathname));
  }, []);
  return { route, go };
}

interface PageLinkProps {
  target: string;
  current: boolean;
  className?: string;
  go: (url: string) => void;
  children: ReactNode;
}

/** A link within the dashboard. It is a real link, so that it can be opened in a new tab. */
export function PageLink({ target, current, className, go, children }: PageLinkProps) {
  function handleClick(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(target);
  }
  return (
    <a href={target} className={className} aria-current={current ? 'page' : undefined} onClick={handleClick}>
      {children}
    </a>
  );
}
