import type { ReactNode } from 'react';
import { adminText } from '../text';
import type { Polled } from './usePolled';

interface AsyncListProps<T> {
  source: Polled<T[]>;
  /** Shown when the list is empty. */
  empty: ReactNode;
  children: (items: T[]) => ReactNode;
}

/** A list with its loading, empty and error states. Loaded items stay visible after an error. */
export function AsyncList<T>({ source, empty, children }: AsyncListProps<T>) {
  const { data, error } = source;
  return (
    <>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {data === null && error === null && <p role="status">{adminText.loading}</p>}
      {data?.length === 0 && empty}
      {data !== null && data.length > 0 && children(data)}
    </>
  );
}
