import { adminText } from '../../text';
import { ApiError } from '../api';
import type { EventWish, PlannedEvent } from './eventApi';
import { wallIn } from './wallClock';

/** In place of a value: what the channel has. */
export const ofChannel = 'channel';

/** What the form has in its fields. Times are what clocks show in the time zone, to the minute; lengths are minutes. */
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
  /** `on`, `off`, or what the channel has: only of an event that is to be. */
  announced: string;
  ladder: string;
  latency: string;
  /** Empty for none. */
  poster: string;
  graceMinutes: number;
  overrun: string;
  /** 0 for waiting until the planned end. */
  noShowMinutes: number;
  /** Null for those of the channel: only of an event that is to be. */
  reminderMinutes: readonly number[] | null;
}

const words = ['title', 'description', 'timeZone', 'startMode', 'record', 'access', 'announced', 'ladder', 'latency', 'poster', 'overrun'] as const;
const lengths = [
  ['previewMinutes', 'previewSeconds'],
  ['graceMinutes', 'graceSeconds'],
  ['noShowMinutes', 'noShowSeconds'],
] as const;

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
    access: event.access ?? ofChannel,
    announced: event.announced,
    ladder: event.ladder,
    latency: event.latency,
    poster: event.poster,
    graceMinutes: event.graceSeconds / 60,
    overrun: event.overrun,
    noShowMinutes: event.noShowSeconds / 60,
    reminderMinutes: event.reminderMinutes,
  };
}

/** What is sent for a new event: what the channel says need not be. No reminders at all are said, as the channel may have some. */
export function newWish(draft: EventDraft): EventWish {
  const { previewMinutes, graceMinutes, noShowMinutes, recurrence, poster, access, announced, reminderMinutes, ...rest } = draft;
  return {
    ...rest,
    previewSeconds: secondsOf(previewMinutes),
    graceSeconds: secondsOf(graceMinutes),
    noShowSeconds: secondsOf(noShowMinutes),
    ...(recurrence === null ? {} : { recurrence }),
    ...(poster === '' ? {} : { poster }),
    ...(access === ofChannel ? {} : { access }),
    ...(announced === ofChannel ? {} : { announced }),
    ...(reminderMinutes === null ? {} : { reminderMinutes: [...reminderMinutes] }),
  };
}

/** What is sent to make one draft of another: only what differs, so that what was not touched keeps following its series. */
export function changedWish(before: EventDraft, after: EventDraft): EventWish {
  const wish: EventWish = {};
  for (const member of words) {
    if (after[member] !== before[member]) wish[member] = after[member];
  }
  for (const [member, sent] of lengths) {
    if (after[member] !== before[member]) wish[sent] = secondsOf(after[member]);
  }
  if (after.reminderMinutes !== null && after.reminderMinutes.join() !== before.reminderMinutes?.join()) wish.reminderMinutes = [...after.reminderMinutes];
  // In another time zone, or at another start, both times are said anew: alone, each would mean something else. An end that moves leaves the start unsaid, which of a live event cannot be another.
  const isMoved = after.start !== before.start || after.timeZone !== before.timeZone;
  if (isMoved) wish.start = after.start;
  if (isMoved || after.end !== before.end) wish.end = after.end;
  if (after.recurrence !== before.recurrence && after.recurrence !== null) wish.recurrence = after.recurrence;
  return wish;
}

/**
 * Minutes as somebody writes them, `60, 10`.
 * @throws ApiError They are not whole numbers; what else they must be is the server's to say.
 */
export function remindersOf(text: string): number[] {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.some((part) => !/^\d{1,6}$/.test(part))) throw new ApiError(0, adminText.failed, { reminderMinutes: adminText.schedule.form.remindersWrong });
  return parts.map(Number);
}

/**
 * The reminders that somebody chose: those of the channel (null), none, or those that are written.
 * @throws ApiError As {@link remindersOf}.
 */
export function chosenReminders(choice: string, text: string): number[] | null {
  return choice === ofChannel ? null : choice === 'none' ? [] : remindersOf(text);
}

function secondsOf(minutes: number): number {
  return Math.round(minutes * 60);
}
