import { useEffect, useState } from 'react';

const patienceMs = 20_000;

/** Whether somebody looks at the page, or did a moment ago. A browser has six connections to a server without HTTP/2, for all its tabs together: those that nobody sees must not hold one each. */
export function useSeen(): boolean {
  const [isSeen, setSeen] = useState(true);
  useEffect(() => {
    let timer: number | undefined;
    const look = () => {
      window.clearTimeout(timer);
      if (document.hidden) timer = window.setTimeout(() => setSeen(false), patienceMs);
      else setSeen(true);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return isSeen;
}
