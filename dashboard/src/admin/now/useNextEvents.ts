import { useCallback, useEffect, useMemo } from 'react';
import type { Api } from '../api';
import { listEvents, type PlannedEvent } from '../schedule/eventApi';
import { usePolled } from '../usePolled';
import { nextEvents } from './cardWords';

const everyMs = 60_000;
// An event may go on long after its planned end.
const backMs = 24 * 3600_000;

/** Of each channel the event that is on or comes next, and whether that is known by now. */
export interface NextEvents {
  events: Map<string, PlannedEvent>;
  isKnown: boolean;
}

/** The events that are on or come next; asked for again whenever `moved` is another number. */
export function useNextEvents(api: Api, moved: number): NextEvents {
  const ask = useCallback(() => listEvents(api, { from: new Date(Date.now() - backMs) }), [api]);
  const { data, refresh } = usePolled(ask, everyMs, nothing);
  useEffect(() => {
    if (moved > 0) refresh();
  }, [moved, refresh]);
  return useMemo(() => nextOf(data), [data]);
}

/** What is known of them by the last good answer, null before it. Where asking failed, nothing is known: an event that limits who may watch may be on. */
export function nextOf(answer: PlannedEvent[] | null): NextEvents {
  return { events: nextEvents(answer ?? []), isKnown: answer !== null };
}

function nothing() {
  // A session that ends is noticed by the list of channels.
}
