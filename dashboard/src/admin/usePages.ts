import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../text';
import { ApiError } from './api';

export interface Pages<T> {
  /** Null until the first page is loaded. */
  items: T[] | null;
  error: ApiError | null;
  /** Whether more pages may exist. */
  hasMore: boolean;
  loadMore: () => void;
  reload: () => void;
  /** Replaces the item with the same id. */
  replace: (item: T) => void;
}

/** A list that loads further pages on request. `load` must be stable while the list is the same. */
export function usePages<Id, T extends { id: Id }>(load: (before?: Id) => Promise<T[]>, pageSize: number): Pages<T> {
  const [items, setItems] = useState<T[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const latestRequest = useRef(0);

  const loadFrom = useCallback(
    (existing: T[]) => {
      const requestNumber = ++latestRequest.current;
      load(existing.at(-1)?.id).then(
        (found) => {
          if (requestNumber !== latestRequest.current) return;
          setItems([...existing, ...found]);
          setHasMore(found.length === pageSize);
          setError(null);
        },
        (error: unknown) => {
          if (requestNumber === latestRequest.current) setError(error instanceof ApiError ? error : new ApiError(0, adminText.failed));
        },
      );
    },
    [load, pageSize],
  );

  const replace = useCallback(
    (item: T) => setItems((existing) => existing?.map((existingItem) => (existingItem.id === item.id ? item : existingItem)) ?? null),
    [],
  );

  useEffect(() => {
    setItems(null);
    setHasMore(false);
    loadFrom([]);
    return () => {
      latestRequest.current++;
    };
  }, [loadFrom]);

  return { items, error, hasMore, loadMore: () => loadFrom(items ?? []), reload: () => loadFrom([]), replace };
}
