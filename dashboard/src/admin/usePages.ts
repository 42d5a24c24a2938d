import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../text';
import { ApiError } from './api';

export interface Pages<T> {
  /** Null until the first page is there. */
  items: T[] | null;
  problem: ApiError | null;
  /** Whether there may be more. */
  hasMore: boolean;
  more: () => void;
  again: () => void;
  /** Shows another one in the place of the one with its id. */
  replace: (item: T) => void;
}

/** A long list that is read on when somebody asks for it. `ask` must stay the same function as long as the list is the same. */
export function usePages<Id, T extends { id: Id }>(ask: (before?: Id) => Promise<T[]>, pageSize: number): Pages<T> {
  const [items, setItems] = useState<T[] | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const latest = useRef(0);

  const load = useCallback(
    (known: T[]) => {
      const number = ++latest.current;
      ask(known.at(-1)?.id).then(
        (found) => {
          if (number !== latest.current) return;
          setItems([...known, ...found]);
          setHasMore(found.length === pageSize);
          setProblem(null);
        },
        (error: unknown) => {
          if (number === latest.current) setProblem(error instanceof ApiError ? error : new ApiError(0, adminText.failed));
        },
      );
    },
    [ask, pageSize],
  );

  const replace = useCallback((item: T) => setItems((known) => known?.map((one) => (one.id === item.id ? item : one)) ?? null), []);

  useEffect(() => {
    setItems(null);
    setHasMore(false);
    load([]);
    return () => {
      latest.current++;
    };
  }, [load]);

  return { items, problem, hasMore, more: () => load(items ?? []), again: () => load([]), replace };
}
