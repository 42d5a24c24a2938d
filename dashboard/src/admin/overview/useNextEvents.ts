import { useCallback, useEffect, useMemo } from 'react';
import type { Api } from '../api';
import { listEvents, type PlannedEvent } from '../schedule/eventApi';
import { usePolled } from '../usePolled';
import { nextEvents } from './cardText';

const pollIntervalMs = 60_000;
// An event may continue long after its scheduled end.
const lookbackMs = 24 * 3600_000;

/** The current or next event by channel, and whether events are loaded. */
export interface NextEvents {
  events: Map<string, PlannedEvent>;
  isKnown: boolean;
}

/** Loads the current and next events; reloads when `revision` changes. */
export function useNextEvents(api: Api, revision: number): NextEvents {
  const load = useCallback(() => listEvents(api, { from: new Date(Date.now() - lookbackMs) }), [api]);
  const { data, refresh } = usePolled(load, pollIntervalMs, ignore);
  useEffect(() => {
    if (revision > 0) refresh();
  }, [revision, refresh]);
  return useMemo(() => nextEventsOf(data), [data]);
}

/** The result of the last successful request, null before it. Until then, a restricted event may be live. */
export function nextEventsOf(loaded: PlannedEvent[] | null): NextEvents {
  return { events: nextEvents(loaded ?? []), isKnown: loaded !== null };
}

function ignore() {
  // The channel list handles expired sessions.
}
