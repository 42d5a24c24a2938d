import { useCallback, useEffect, useMemo } from 'react';
import type { Api } from '../api';
import { listEvents, type PlannedEvent } from '../schedule/eventApi';
import { usePolled } from '../usePolled';
import { nextEvents } from './cardWords';

const everyMs = 60_000;
// An event may go on long after its planned end.
const backMs = 24 * 3600_000;

/** Of each channel the event that is on or comes next, and whether that is known by now; asked for again whenever `moved` is another number. */
export function useNextEvents(api: Api, moved: number): { events: Map<string, PlannedEvent>; isKnown: boolean } {
  const ask = useCallback(() => listEvents(api, { from: new Date(Date.now() - backMs) }), [api]);
  const { data, error, refresh } = usePolled(ask, everyMs, nothing);
  useEffect(() => {
    if (moved > 0) refresh();
  }, [moved, refresh]);
  const events = useMemo(() => nextEvents(data ?? []), [data]);
  return { events, isKnown: data !== null || error !== null };
}

function nothing() {
  // A session that ends is noticed by the list of channels.
}
