import { adminText } from '../../text';
import { ApiError } from '../api';
import type { EventRequest, PlannedEvent } from './eventApi';
import { localTimeIn } from './localTime';

/** Placeholder value: inherit the channel's setting. */
export const inherited = 'channel';

/** Values of the event form. Times are local times in the event's zone, to the minute; durations are minutes. */
export interface EventDraft {
  title: string;
  description: string;
  channel: string;
  start: string;
  end: string;
  timeZone: string;
  /** Null for a single event. */
  recurrence: string | null;
  startMode: string;
  previewMinutes: number;
  record: string;
  access: string;
  /** `on`, `off`, `members`, or inherited. */
  chat: string;
  /** `on`, `off`, or inherited for a new event. */
  announced: string;
  ladder: string;
  latency: string;
  /** Empty for none. */
  poster: string;
  graceMinutes: number;
  overrun: string;
  /** 0 waits until the scheduled end. */
  noShowMinutes: number;
  /** Null to inherit the channel's, for a new event. */
  reminderMinutes: readonly number[] | null;
}

const textMembers = [
  'title',
  'description',
  'timeZone',
  'startMode',
  'record',
  'access',
  'chat',
  'announced',
  'ladder',
  'latency',
  'poster',
  'overrun',
] as const;
const durationMembers = [
  ['previewMinutes', 'previewSeconds'],
  ['graceMinutes', 'graceSeconds'],
  ['noShowMinutes', 'noShowSeconds'],
] as const;

/** Converts an event to form values. */
export function createDraftOf(event: PlannedEvent): EventDraft {
  return {
    title: event.title,
    description: event.description,
    channel: event.channel,
    start: event.localStart.slice(0, 16),
    end: localTimeIn(new Date(event.endsAt), event.timeZone),
    timeZone: event.timeZone,
    recurrence: event.recurrence,
    startMode: event.startMode,
    previewMinutes: event.previewSeconds / 60,
    record: event.record,
    access: event.access ?? inherited,
    chat: event.chat,
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

/** The request for a new event. Inherited values are omitted. An empty list of reminders is sent, because the channel may have some. */
export function createRequest(draft: EventDraft): EventRequest {
  const { previewMinutes, graceMinutes, noShowMinutes, recurrence, poster, access, chat, announced, reminderMinutes, ...rest } = draft;
  return {
    ...rest,
    previewSeconds: toSeconds(previewMinutes),
    graceSeconds: toSeconds(graceMinutes),
    noShowSeconds: toSeconds(noShowMinutes),
    ...(recurrence === null ? {} : { recurrence }),
    ...(poster === '' ? {} : { poster }),
    ...(access === inherited ? {} : { access }),
    ...(chat === inherited ? {} : { chat }),
    ...(announced === inherited ? {} : { announced }),
    ...(reminderMinutes === null ? {} : { reminderMinutes: [...reminderMinutes] }),
  };
}

/** The changed members. Unchanged members of an occurrence continue to follow its series. */
export function changeRequest(original: EventDraft, edited: EventDraft): EventRequest {
  const request: EventRequest = {};
  for (const member of textMembers) {
    if (edited[member] !== original[member]) request[member] = edited[member];
  }
  for (const [member, apiName] of durationMembers) {
    if (edited[member] !== original[member]) request[apiName] = toSeconds(edited[member]);
  }
  if (edited.reminderMinutes !== null && edited.reminderMinutes.join() !== original.reminderMinutes?.join())
    request.reminderMinutes = [...edited.reminderMinutes];
  // If the time zone or start changes, both times are sent: each alone would change its meaning. A moved end alone omits the start, because
  // the start of a live event cannot change.
  const isMoved = edited.start !== original.start || edited.timeZone !== original.timeZone;
  if (isMoved) request.start = edited.start;
  if (isMoved || edited.end !== original.end) request.end = edited.end;
  if (edited.recurrence !== original.recurrence && edited.recurrence !== null) request.recurrence = edited.recurrence;
  return request;
}

/**
 * Parses minutes such as `60, 10`.
 * @throws ApiError They are not whole numbers. The server validates the rest.
 */
export function parseReminders(text: string): number[] {
  const entries = text.split(/[\s,;]+/).filter((part) => part !== '');
  if (entries.some((part) => !/^\d{1,6}$/.test(part)))
    throw new ApiError(0, adminText.failed, { reminderMinutes: adminText.schedule.form.remindersInvalid });
  return entries.map(Number);
}

/**
 * The reminders: inherited (null), none or custom.
 * @throws ApiError See {@link parseReminders}.
 */
export function reminderSetting(setting: string, text: string): number[] | null {
  return setting === inherited ? null : setting === 'none' ? [] : parseReminders(text);
}

function toSeconds(minutes: number): number {
  return Math.round(minutes * 60);
}
