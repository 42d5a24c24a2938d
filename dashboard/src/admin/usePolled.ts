import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from './api';

export interface Polled<T> {
  /** The last good answer, also while later ones fail. */
  data: T | null;
  error: ApiError | null;
  /** Asks now. */
  refresh: () => void;
}

/** Asks again every `everyMs` while the page can be seen. `ask` must stay the same function between renders. */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number, onUnauthorized: () => void): Polled<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const latest = useRef(0);

  const refresh = useCallback(() => {
    const number = ++latest.current;
    ask().then(
      (answer) => {
        if (number !== latest.current) return;
        setData(answer);
        setError(null);
      },
      (problem: unknown) => {
        if (number !== latest.current) return;
        if (problem instanceof ApiError && problem.status === 401) onUnauthorized();
        setError(problem instanceof ApiError ? problem : new ApiError(0, String(problem)));
      },
    );
  }, [ask, onUnauthorized]);

  useEffect(() => {
    refresh();
    const timer = window.setInterval(() => {
      if (!document.hidden) refresh();
    }, everyMs);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      latest.current++;
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [refresh, everyMs]);

  return { data, error, refresh };
}
