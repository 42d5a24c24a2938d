import type { EventWish, PlannedEvent } from './eventApi';
import { wallIn } from './wallClock';

/** What the form has in its fields. Times are what clocks show in the time zone, to the minute. */
export interface EventDraft {
  title: string;
  description: string;
  channel: string;
  start: string;
  end: string;
  timeZone: string;
  /** Null where it does not recur. */
  recurrence: string | null;
  startMode: string;
  previewMinutes: number;
  record: string;
  access: string;
}

/** An event as the form shows it. */
export function draftOf(event: PlannedEvent): EventDraft {
  return {
    title: event.title,
    description: event.description,
    channel: event.channel,
    start: event.localStart.slice(0, 16),
    end: wallIn(new Date(event.endsAt), event.timeZone),
    timeZone: event.timeZone,
    recurrence: event.recurrence,
    startMode: event.startMode,
    previewMinutes: event.previewSeconds / 60,
    record: event.record,
    access: event.access,
  };
}

/** What is sent for a new event. */
export function newWish(draft: EventDraft): EventWish {
  const { previewMinutes, recurrence, ...rest } = draft;
  return { ...rest, previewSeconds: Math.round(previewMinutes * 60), ...(recurrence === null ? {} : { recurrence }) };
}

/** What is sent to make one draft of another: only what differs, so that what was not touched keeps following its series. */
export function changedWish(before: EventDraft, after: EventDraft): EventWish {
  const wish: EventWish = {};
  for (const member of ['title', 'description', 'timeZone', 'startMode', 'record', 'access'] as const) {
    if (after[member] !== before[member]) wish[member] = after[member];
  }
  // In another time zone, or at another start, both times are said anew: alone, each would mean something else. An end that moves leaves the start unsaid, which of a live event cannot be another.
  const isMoved = after.start !== before.start || after.timeZone !== before.timeZone;
  if (isMoved) wish.start = after.start;
  if (isMoved || after.end !== before.end) wish.end = after.end;
  if (after.previewMinutes !== before.previewMinutes) wish.previewSeconds = Math.round(after.previewMinutes * 60);
  if (after.recurrence !== before.recurrence && after.recurrence !== null) wish.recurrence = after.recurrence;
  return wish;
}
