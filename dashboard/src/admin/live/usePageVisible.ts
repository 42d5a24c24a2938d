import { useEffect, useState } from 'react';

const hideDelayMs = 20_000;

/**
 * Whether the page is visible, or was until a moment ago. Without HTTP/2, browsers open at most six connections per server for all tabs;
 * hidden tabs must not occupy one each.
 */
export function usePageVisible(): boolean {
  const [isVisible, setVisible] = useState(true);
  useEffect(() => {
    let timer: number | undefined;
    const update = () => {
      window.clearTimeout(timer);
      if (document.hidden) timer = window.setTimeout(() => setVisible(false), hideDelayMs);
      else setVisible(true);
    };
    update();
    document.addEventListener('visibilitychange', update);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', update);
    };
  }, []);
  return isVisible;
}
