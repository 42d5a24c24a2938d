import { adminText } from '../../text';
import { clockText } from '../times';
import type { PlannedEvent } from './eventApi';
import { choiceOf, type Repeat, ordinalOf } from './recurrence';
import { wallDate } from './wallClock';

const text = adminText.schedule;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', timeZone: 'UTC' });
const dayAndMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', timeZone: 'UTC' });

/** Words for the ways to recur. */
type RepeatTable = { [Member in Exclude<keyof typeof text.recurring, 'repeats'>]: (typeof text.form)[Member] } & { repeats: Record<keyof typeof text.recurring.repeats, string> };

/** The time of day at which an event starts, on the reader's clock. */
export function startClock(event: PlannedEvent): string {
  return clock.format(new Date(event.startsAt));
}

/** From when until when, on the reader's clock: the day once where both are on it. */
export function whenText(startsAt: string, endsAt: string): string {
  const start = new Date(startsAt);
  const end = new Date(endsAt);
  const until = start.toDateString() === end.toDateString() ? clock.format(end) : `${day.format(end)}, ${clock.format(end)}`;
  return `${day.format(start)}, ${clock.format(start)} – ${until}`;
}

/** What an event does, in a sentence or two; empty where its state says enough. `isOnAir` says that viewers see its channel, whatever is planned. */
export function stateSentence(event: PlannedEvent, isOnAir = false): string {
  if (event.lateSince !== null && event.state === 'preview') return text.late(clockText(event.startsAt));
  if (event.state === 'preview') return isOnAir ? text.previewOnAir : text.previewHint;
  return event.reason;
}

/** How a state's pill is drawn. */
export function pillOf(state: string): string {
  return state === 'preview' ? 'starting' : state;
}

/** A way to recur in words that say which day that is, for a start: as a choice, or within a sentence. */
export function repeatWords(repeat: Repeat, start: string, form: RepeatTable = text.form): string {
  const date = wallDate(start) ?? new Date(0);
  switch (repeat) {
    case 'weekly':
      return form.weekly(weekday.format(date));
    case 'fortnightly':
      return form.fortnightly(weekday.format(date));
    case 'monthlyDay':
      return form.monthlyDay(date.getUTCDate());
    case 'monthlyWeekday':
      return form.monthlyWeekday(text.form.ordinals[String(ordinalOf(date))] ?? '', weekday.format(date));
    case 'yearly':
      return form.yearly(dayAndMonth.format(date));
    default:
      return form.repeats[repeat];
  }
}

/** What is said when an event was planned or changed: of a series, how it recurs as well. */
export function plannedWords(event: PlannedEvent): string {
  const when = whenText(event.startsAt, event.endsAt);
  if (event.recurrence === null) return text.planned(event.title, when);
  const start = event.localStart.slice(0, 16);
  const how = repeatWords(choiceOf(event.recurrence, start).repeat, start, text.recurring);
  return text.plannedSeries(event.title, how, when);
}

/** Who gets in at an event's page, where that is not everybody; empty where it is. `channelAccess` says who may watch its channel, undefined where that is not told. */
export function guardWords(event: PlannedEvent, channelAccess: string | undefined): string {
  const own = event.access ?? 'channel';
  const access = own === 'channel' ? (channelAccess ?? 'public') : own;
  if (access === 'public') return '';
  return text.page.guarded[access] ?? text.page.guarded.other ?? '';
}

/** What an event has of its own where most have what their channel says, as terms and words. */
export function ownTerms(event: PlannedEvent): [string, string][] {
  const form = text.form;
  const minutes = (seconds: number) => text.facts.minutes(Math.round(seconds / 6) / 10);
  const terms: [string, string][] = [];
  if (event.access !== undefined && event.access !== 'channel') terms.push([form.access, form.accesses[event.access] ?? event.access]);
  if (event.announced === 'off') terms.push([text.facts.announced, text.facts.notAnnounced]);
  if (event.latency !== 'channel') terms.push([form.latency, form.latencies[event.latency] ?? event.latency]);
  if (event.ladder !== 'channel') terms.push([form.ladder, adminText.newChannel.ladders[event.ladder] ?? event.ladder]);
  if (event.noShowSeconds > 0) terms.push([text.facts.noShow, minutes(event.noShowSeconds)]);
  terms.push([text.facts.after, event.overrun === 'end' ? text.facts.endsAfter(minutes(event.graceSeconds)) : (form.overruns[event.overrun] ?? event.overrun)]);
  if (event.reminderMinutes.length > 0) terms.push([text.facts.reminders, text.facts.before(event.reminderMinutes.join(', '))]);
  return terms;
}

/** Whether it is still on when another day begins, on the reader's clock. */
export function isLong(event: PlannedEvent): boolean {
  return new Date(event.startsAt).toDateString() !== new Date(new Date(event.endsAt).getTime() - 1).toDateString();
}
