import type { ReactNode } from 'react';
import { adminText } from '../text';
import type { Polled } from './usePolled';

interface LoadedProps<T> {
  polled: Polled<T[]>;
  /** What is said where there is none yet, and what to do about it. */
  empty: ReactNode;
  children: (items: T[]) => ReactNode;
}

/** A list in each of its states: loading, none, some, and what went wrong beside what was known. */
export function Loaded<T>({ polled, empty, children }: LoadedProps<T>) {
  const { data, error } = polled;
  return (
    <>
      {error !== null && (
        <p className="problem" role="alert">
          {error.words}
        </p>
      )}
      {data === null && error === null && <p role="status">{adminText.loading}</p>}
      {data?.length === 0 && empty}
      {data !== null && data.length > 0 && children(data)}
    </>
  );
}
