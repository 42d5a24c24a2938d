import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { type Api, ApiError, type Channel } from '../api';
import type { Polled } from '../usePolled';
import { subscribe } from './eventStream';
import { applyUpdate, type LiveState, initialLiveState } from './liveState';
import { usePageVisible } from './usePageVisible';

/** Polling interval for what the stream omits (bitrates, encoding, channel settings), and for everything without a stream. */
const streamingPollMs = 10_000;
const pollMs = 3000;
/** How long health issues stay valid after the stream ends. Most streams reconnect earlier. */
const healthGraceMs = 20_000;

export interface Live extends Polled<Channel[]> {
  /** Loads the list now. Resolves when this or a later request has completed. */
  refresh: () => Promise<void>;
  state: LiveState;
  /** Whether the event stream is open. */
  isStreaming: boolean;
  /** Whether health issues are known. Only the stream reports them, and not to all roles. */
  isHealthKnown: boolean;
}

/** The state of all channels: from the event stream, or by polling without one. */
export function useLive(api: Api, onUnauthorized: () => void): Live {
  const [state, dispatch] = useReducer(applyUpdate, initialLiveState);
  const [error, setError] = useState<ApiError | null>(null);
  const [isStreaming, setStreaming] = useState(false);
  const [isHealthKnown, setHealthKnown] = useState(false);
  const isVisible = usePageVisible();
  const revision = useRef(0);
  const latestRequest = useRef(0);
  const latestResult = useRef(Promise.resolve());
  revision.current = state.revision;

  const refresh = useCallback((): Promise<void> => {
    const requestNumber = ++latestRequest.current;
    const askedAt = revision.current;
    const result = api.channels().then(
      (channels) => {
        // A later request supersedes this one; wait for it.
        if (requestNumber !== latestRequest.current) return latestResult.current;
        dispatch({ kind: 'list', channels, askedAt });
        setError(null);
        return undefined;
      },
      (failure: unknown) => {
        if (requestNumber !== latestRequest.current) return latestResult.current;
        if (failure instanceof ApiError && failure.status === 401) onUnauthorized();
        setError(failure instanceof ApiError ? failure : new ApiError(0, String(failure)));
        return undefined;
      },
    );
    latestResult.current = result;
    return result;
  }, [api, onUnauthorized]);

  useEffect(() => {
    if (!isVisible) return undefined;
    const stop = subscribe(api, {
      onMessage: (message) => {
        if (message.type === 'reset') setHealthKnown(false);
        dispatch({ kind: 'message', ...message });
      },
      onOpen: (isOpen) => {
        setStreaming(isOpen);
        if (isOpen) setHealthKnown(true);
      },
      onUnauthorized,
    });
    return () => {
      stop();
      setStreaming(false);
    };
  }, [api, onUnauthorized, isVisible]);

  useEffect(() => {
    if (isStreaming) return undefined;
    const timer = window.setTimeout(() => setHealthKnown(false), healthGraceMs);
    return () => window.clearTimeout(timer);
  }, [isStreaming]);

  // Also load when the stream opens or closes: messages do not cover the time in between.
  useEffect(() => {
    const poll = () => void refresh();
    poll();
    const timer = window.setInterval(() => {
      if (!document.hidden) poll();
    }, isStreaming ? streamingPollMs : pollMs);
    document.addEventListener('visibilitychange', poll);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', poll);
    };
  }, [refresh, isStreaming, state.listRevision]);

  return { data: state.channels, error, refresh, state, isStreaming, isHealthKnown };
}
