import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from './api';

export interface Polled<T> {
  /** The last successful result, also after later failures. */
  data: T | null;
  error: ApiError | null;
  /** Loads now. */
  refresh: () => void;
}

/** Loads every `intervalMs` while the page is visible. `load` must be stable between renders. */
export function usePolled<T>(load: () => Promise<T>, intervalMs: number, onUnauthorized: () => void): Polled<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const latestRequest = useRef(0);

  const refresh = useCallback(() => {
    const requestNumber = ++latestRequest.current;
    load().then(
      (result) => {
        if (requestNumber !== latestRequest.current) return;
        setData(result);
        setError(null);
      },
      (failure: unknown) => {
        if (requestNumber !== latestRequest.current) return;
        if (failure instanceof ApiError && failure.status === 401) onUnauthorized();
        setError(failure instanceof ApiError ? failure : new ApiError(0, String(failure)));
      },
    );
  }, [load, onUnauthorized]);

  useEffect(() => {
    refresh();
    const timer = window.setInterval(() => {
      if (!document.hidden) refresh();
    }, intervalMs);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      latestRequest.current++;
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [refresh, intervalMs]);

  return { data, error, refresh };
}
