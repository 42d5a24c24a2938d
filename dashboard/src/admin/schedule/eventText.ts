import { adminText } from '../../text';
import { clockText } from '../times';
import type { PlannedEvent } from './eventApi';
import { parseRule, type Repeat, ordinalOf } from './recurrence';
import { localDate } from './localTime';

const text = adminText.schedule;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', timeZone: 'UTC' });
const dayAndMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', timeZone: 'UTC' });

/** Labels of recurrences. */
type RepeatTable = { [Member in Exclude<keyof typeof text.sentence, 'repeats'>]: (typeof text.form)[Member] } & {
  repeats: Record<keyof typeof text.sentence.repeats, string>;
};

/** Start time in the user's time zone. */
export function startClock(event: PlannedEvent): string {
  return clock.format(new Date(event.startsAt));
}

/** Start and end in the user's time zone. The day appears once if both are on it. */
export function whenText(startsAt: string, endsAt: string): string {
  const start = new Date(startsAt);
  const end = new Date(endsAt);
  const until = start.toDateString() === end.toDateString() ? clock.format(end) : `${day.format(end)}, ${clock.format(end)}`;
  return `${day.format(start)}, ${clock.format(start)} – ${until}`;
}

/** Details of the event's state; may be empty. `isOnAir`: viewers see the channel now. */
export function stateDetail(event: PlannedEvent, isOnAir = false): string {
  if (event.lateSince !== null && event.state === 'preview') return text.late(clockText(event.startsAt));
  if (event.state === 'preview') return isOnAir ? text.previewOnAir : text.previewHint;
  return event.reason;
}

/** The pill style of a state. */
export function pillState(state: string): string {
  return state === 'preview' ? 'starting' : state;
}

/** Describes a recurrence for a given start, as an option or within a sentence. */
export function repeatText(repeat: Repeat, start: string, labels: RepeatTable = text.form): string {
  const date = localDate(start) ?? new Date(0);
  switch (repeat) {
    case 'weekly':
      return labels.weekly(weekday.format(date));
    case 'fortnightly':
      return labels.fortnightly(weekday.format(date));
    case 'monthlyDay':
      return labels.monthlyDay(date.getUTCDate());
    case 'monthlyWeekday':
      return labels.monthlyWeekday(text.form.ordinals[String(ordinalOf(date))] ?? '', weekday.format(date));
    case 'yearly':
      return labels.yearly(dayAndMonth.format(date));
    default:
      return labels.repeats[repeat];
  }
}

/** The message after an event was saved, with the recurrence of a series. */
export function savedText(event: PlannedEvent): string {
  const when = whenText(event.startsAt, event.endsAt);
  if (event.recurrence === null) return text.planned(event.title, when);
  const start = event.localStart.slice(0, 16);
  const recurrenceText = repeatText(parseRule(event.recurrence, start).repeat, start, text.sentence);
  return text.plannedSeries(event.title, recurrenceText, when);
}

/** Who can open an event's page; empty if it is public. `channelAccess` is the channel's policy, undefined if unknown. */
export function accessText(event: PlannedEvent, channelAccess: string | undefined): string {
  const eventAccess = event.access ?? 'channel';
  const access = eventAccess === 'channel' ? (channelAccess ?? 'public') : eventAccess;
  if (access === 'public') return '';
  return text.page.accessHints[access] ?? text.page.accessHints.other ?? '';
}

/** Settings that differ from the channel's, as labels and values. */
export function eventSettings(event: PlannedEvent): [string, string][] {
  const labels = text.form;
  const minutes = (seconds: number) => text.facts.minutes(Math.round(seconds / 6) / 10);
  const settings: [string, string][] = [];
  if (event.access !== undefined && event.access !== 'channel')
    settings.push([labels.access, labels.accesses[event.access] ?? event.access]);
  if (event.chat !== 'channel') settings.push([labels.chat, labels.chats[event.chat] ?? event.chat]);
  if (event.announced === 'off') settings.push([text.facts.announced, text.facts.notAnnounced]);
  if (event.latency !== 'channel') settings.push([labels.latency, labels.latencies[event.latency] ?? event.latency]);
  if (event.ladder !== 'channel') settings.push([labels.ladder, adminText.newChannel.ladders[event.ladder] ?? event.ladder]);
  if (event.noShowSeconds > 0) settings.push([text.facts.noShow, minutes(event.noShowSeconds)]);
  settings.push([
    text.facts.after,
    event.overrun === 'end' ? text.facts.endsAfter(minutes(event.graceSeconds)) : (labels.overruns[event.overrun] ?? event.overrun),
  ]);
  if (event.reminderMinutes.length > 0) settings.push([text.facts.reminders, text.facts.before(event.reminderMinutes.join(', '))]);
  return settings;
}

/** Whether the event spans more than one day in the user's time zone. */
export function spansDays(event: PlannedEvent): boolean {
  return new Date(event.startsAt).toDateString() !== new Date(new Date(event.endsAt).getTime() - 1).toDateString();
}
