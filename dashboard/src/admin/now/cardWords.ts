import { adminText } from '../../text';
import type { Channel, Encoding } from '../api';
import type { HealthIssue } from '../live/liveState';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';

const text = adminText.now;

/** What a channel is doing, in one word of the API. */
export function stateOf(channel: Channel): string {
  return channel.live?.state ?? 'offline';
}

/** Whether something is on: a session is open, whoever gets it. */
export function isOn(channel: Channel): boolean {
  return ['live', 'starting', 'preview', 'waiting'].includes(stateOf(channel));
}

/** Whether its audience sees what its encoder sends: a session is open that no event hides. */
export function isOnAir(channel: Channel): boolean {
  return stateOf(channel) === 'live';
}

/** Whether anybody may fetch a channel's picture without a token. While an event is live, it is the event that says so. */
export function hasOpenPicture(channel: Channel, event?: PlannedEvent): boolean {
  const isClosedEvent = event?.state === 'live' && !['channel', 'public'].includes(event.access ?? 'channel');
  return !isClosedEvent && (channel.access ?? 'public') === 'public' && stateOf(channel) !== 'preview';
}

/** Bits a second, as people say it. */
export function rateText(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000 ? text.megabits((bitsPerSecond / 1_000_000).toFixed(1)) : text.kilobits(String(Math.round(bitsPerSecond / 1000)));
}

/** What viewers' encoder sends; null where none does or that is not known. */
export function rateOf(channel: Channel): number | null {
  return (channel.inputs?.find((input) => input.onAir) ?? channel.inputs?.[0])?.bitsPerSecond ?? null;
}

/** How the source does, in plain words; null where it is not known, as where nobody tells what is wrong. */
export function healthWords(channel: Channel, issues: HealthIssue[], isTold: boolean): { words: string; isGood: boolean } | null {
  const state = stateOf(channel);
  if (!isOn(channel)) return null;
  if (state === 'waiting') return { words: text.encoderGone, isGood: false };
  if (!isTold) return null;
  if (issues.length > 0) return { words: adminText.source.problems(issues.length), isGood: false };
  return channel.inputs?.length === 0 ? null : { words: adminText.source.good, isGood: true };
}

/** Who encodes what, in a few words. */
export function encoderWords(encoding: Encoding | null | undefined): string {
  if (!encoding) return text.passesSource;
  if (encoding.encoder === null) return adminText.encoding.nothing;
  return encoding.rungs.length === 0 ? encoding.encoder : text.encodes(encoding.encoder, encoding.rungs.map((rung) => rung.name).join(', '));
}

/** How many watch; null where nobody counts. */
export function viewersWords(channel: Channel): string | null {
  const viewers = channel.live?.viewers;
  return typeof viewers === 'number' ? text.viewers(viewers) : null;
}

/** Of each channel the event that is on or comes next. Events are in order of their start. */
export function nextEvents(events: PlannedEvent[]): Map<string, PlannedEvent> {
  const next = new Map<string, PlannedEvent>();
  for (const event of events) {
    if (event.kind === 'series' || !['scheduled', 'preview', 'live'].includes(event.state)) continue;
    const known = next.get(event.channel);
    if (known === undefined || (known.state === 'scheduled' && event.state !== 'scheduled')) next.set(event.channel, event);
  }
  return next;
}

/** An event in a line. */
export function eventWords(event: PlannedEvent): string {
  if (event.state === 'live') return text.eventOn(event.title, clockText(event.endsAt));
  if (event.state === 'preview') return text.eventPreview(event.title, clockText(event.startsAt));
  return text.eventNext(event.title, clockText(event.startsAt));
}
