import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { type Api, ApiError, type Channel } from '../api';
import type { Polled } from '../usePolled';
import { listen } from './eventStream';
import { learn, type LiveState, nothingKnown } from './liveState';
import { useSeen } from './useSeen';

/** What the stream does not tell (bitrates, encoding, what was changed of a channel) is asked for this often, and everything while there is no stream. */
const withStreamMs = 10_000;
const withoutStreamMs = 3000;
/** What was told to be wrong counts for so long after the stream has ended: most come back before, and nothing jumps. */
const trustMs = 20_000;

export interface Live extends Polled<Channel[]> {
  /** Asks now; done when there is an answer, or an error, that is not older. */
  refresh: () => Promise<void>;
  state: LiveState;
  /** Whether changes come by themselves. */
  isStreaming: boolean;
  /** Whether what is wrong on channels is known: only the stream tells it, and not to everybody. */
  isTold: boolean;
}

/** All channels as they are, told by the event stream, and asked for where there is none. */
export function useLive(api: Api, onUnauthorized: () => void): Live {
  const [state, dispatch] = useReducer(learn, nothingKnown);
  const [error, setError] = useState<ApiError | null>(null);
  const [isStreaming, setStreaming] = useState(false);
  const [isTold, setTold] = useState(false);
  const isSeen = useSeen();
  const turn = useRef(0);
  const asked = useRef(0);
  const answered = useRef(Promise.resolve());
  turn.current = state.turn;

  const refresh = useCallback((): Promise<void> => {
    const number = ++asked.current;
    const askedAt = turn.current;
    const answer = api.channels().then(
      (channels) => {
        // Whoever asked later gets what is newer; who waits, waits for that.
        if (number !== asked.current) return answered.current;
        dispatch({ kind: 'list', channels, askedAt });
        setError(null);
        return undefined;
      },
      (problem: unknown) => {
        if (number !== asked.current) return answered.current;
        if (problem instanceof ApiError && problem.status === 401) onUnauthorized();
        setError(problem instanceof ApiError ? problem : new ApiError(0, String(problem)));
        return undefined;
      },
    );
    answered.current = answer;
    return answer;
  }, [api, onUnauthorized]);

  useEffect(() => {
    if (!isSeen) return undefined;
    const stop = listen(api, {
      onMessage: (message) => {
        if (message.type === 'reset') setTold(false);
        dispatch({ kind: 'message', ...message });
      },
      onOpen: (isOpen) => {
        setStreaming(isOpen);
        if (isOpen) setTold(true);
      },
      onUnauthorized,
    });
    return () => {
      stop();
      setStreaming(false);
    };
  }, [api, onUnauthorized, isSeen]);

  useEffect(() => {
    if (isStreaming) return undefined;
    const timer = window.setTimeout(() => setTold(false), trustMs);
    return () => window.clearTimeout(timer);
  }, [isStreaming]);

  // Asked anew also when the stream comes or goes: what changed between is in no message.
  useEffect(() => {
    const ask = () => void refresh();
    ask();
    const timer = window.setInterval(() => {
      if (!document.hidden) ask();
    }, isStreaming ? withStreamMs : withoutStreamMs);
    document.addEventListener('visibilitychange', ask);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [refresh, isStreaming, state.stale]);

  return { data: state.channels, error, refresh, state, isStreaming, isTold };
}
