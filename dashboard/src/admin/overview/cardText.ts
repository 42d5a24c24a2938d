import { adminText } from '../../text';
import type { Channel, Encoding } from '../api';
import type { HealthIssue } from '../live/liveState';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';

const text = adminText.overview;

/** A channel's state, as named by the API. */
export function stateOf(channel: Channel): string {
  return channel.live?.state ?? 'offline';
}

/** Whether a session is open, visible to viewers or not. */
export function hasSession(channel: Channel): boolean {
  return ['live', 'starting', 'preview', 'waiting'].includes(stateOf(channel));
}

/** Whether viewers see the broadcast: a session is open, and no preview hides it. */
export function isOnAir(channel: Channel): boolean {
  return stateOf(channel) === 'live';
}

/** Whether a channel's media is available without a token. A live event's access policy takes precedence. */
export function hasPublicMedia(channel: Channel, event?: PlannedEvent): boolean {
  const isRestrictedEvent = event?.state === 'live' && !['channel', 'public'].includes(event.access ?? 'channel');
  return !isRestrictedEvent && (channel.access ?? 'public') === 'public' && stateOf(channel) !== 'preview';
}

/** Formats a bitrate. */
export function bitrateText(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000
    ? text.megabits((bitsPerSecond / 1_000_000).toFixed(1))
    : text.kilobits(String(Math.round(bitsPerSecond / 1000)));
}

/** Bitrate of the input on air; null if unknown. */
export function bitrateOf(channel: Channel): number | null {
  return (channel.inputs?.find((input) => input.onAir) ?? channel.inputs?.[0])?.bitsPerSecond ?? null;
}

/** Summary of the source's health; null if unknown. */
export function healthText(channel: Channel, issues: HealthIssue[], isHealthKnown: boolean): { label: string; isHealthy: boolean } | null {
  const state = stateOf(channel);
  if (!hasSession(channel)) return null;
  if (state === 'waiting') return { label: text.encoderLost, isHealthy: false };
  if (!isHealthKnown) return null;
  if (issues.length > 0) return { label: adminText.source.issues(issues.length), isHealthy: false };
  return channel.inputs?.length === 0 ? null : { label: adminText.source.healthy, isHealthy: true };
}

/** Summary of the encoding. */
export function encodingText(encoding: Encoding | null | undefined): string {
  if (!encoding) return text.passthrough;
  if (encoding.encoder === null) return adminText.encoding.notEncoding;
  return encoding.rungs.length === 0
    ? encoding.encoder
    : text.encoding(encoding.encoder, encoding.rungs.map((rung) => rung.name).join(', '));
}

/** Number of viewers; null if they are not counted. */
export function viewersText(channel: Channel): string | null {
  const viewers = channel.live?.viewers;
  return typeof viewers === 'number' ? text.viewers(viewers) : null;
}

/** The current or next event by channel. Expects events ordered by start. */
export function nextEvents(events: PlannedEvent[]): Map<string, PlannedEvent> {
  const next = new Map<string, PlannedEvent>();
  for (const event of events) {
    if (event.kind === 'series' || !['scheduled', 'preview', 'live'].includes(event.state)) continue;
    const current = next.get(event.channel);
    if (current === undefined || (current.state === 'scheduled' && event.state !== 'scheduled')) next.set(event.channel, event);
  }
  return next;
}

/** Summary of an event. */
export function eventText(event: PlannedEvent): string {
  if (event.state === 'live') return text.eventLive(event.title, clockText(event.endsAt));
  if (event.state === 'preview') return text.eventPreview(event.title, clockText(event.startsAt));
  return text.eventNext(event.title, clockText(event.startsAt));
}
