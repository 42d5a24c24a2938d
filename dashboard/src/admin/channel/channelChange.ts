import type { Channel, ChannelChange } from '../api';
import { remindersOf } from '../schedule/eventWish';

/** What of a channel's recording is chosen by one value: `off`, or how long broadcasts are kept. */
export function recordingOf(channel: Channel): string {
  return channel.record === false ? 'off' : (channel.retention ?? 'forever');
}

/**
 * What of the form is sent to change a channel: only what differs.
 * @throws ApiError The reminders are no whole numbers.
 */
export function channelChange(channel: Channel, form: FormData): ChannelChange {
  const of = (name: string) => String(form.get(name) ?? '').trim();
  const change: ChannelChange = {};
  for (const member of ['title', 'latency', 'ladder', 'rewind'] as const) {
    if (of(member) !== channel[member]) change[member] = of(member);
  }
  const recording = of('recording');
  if (recording !== recordingOf(channel)) {
    change.record = recording !== 'off';
    if (recording !== 'off') change.retention = recording;
  }
  const seconds = of('reconnectWindowSeconds');
  if (seconds !== '' && Number(seconds) !== channel.reconnectWindowSeconds) change.reconnectWindowSeconds = Number(seconds);
  const languages = parts(of('audioLanguages'));
  if (languages.join() !== (channel.audioLanguages ?? []).join()) change.audioLanguages = languages;
  const reminders = remindersOf(of('reminderMinutes'));
  if (reminders.join() !== (channel.reminderMinutes ?? []).join()) change.reminderMinutes = reminders;
  const announces = of('announceEvents');
  if (announces !== '' && (announces === 'on') !== (channel.announceEvents ?? true)) change.announceEvents = announces === 'on';
  return change;
}

/** What somebody writes with commas or spaces between. */
const parts = (text: string) => text.split(/[\s,;]+/).filter((part) => part !== '');

/** Choices by value, with the one that is set among them wherever it was set. */
export function withCurrent(choices: Record<string, string>, current: string): [value: string, words: string][] {
  return Object.entries(current in choices ? choices : { ...choices, [current]: current });
}
