import type { Channel, ChannelChange } from '../api';
import { parseReminders } from '../schedule/eventRequest';

/** The recording setting: `off`, or the retention. */
export function recordingSetting(channel: Channel): string {
  return channel.record === false ? 'off' : (channel.retention ?? 'forever');
}

/**
 * The changed members of the form.
 * @throws ApiError The reminders are not whole numbers.
 */
export function channelChangeOf(channel: Channel, form: FormData): ChannelChange {
  const valueOf = (name: string) => String(form.get(name) ?? '').trim();
  const change: ChannelChange = {};
  for (const member of ['title', 'latency', 'ladder', 'dvrWindow'] as const) {
    if (valueOf(member) !== channel[member]) change[member] = valueOf(member);
  }
  const recording = valueOf('recording');
  if (recording !== recordingSetting(channel)) {
    change.record = recording !== 'off';
    if (recording !== 'off') change.retention = recording;
  }
  const seconds = valueOf('reconnectWindowSeconds');
  if (seconds !== '' && Number(seconds) !== channel.reconnectWindowSeconds) change.reconnectWindowSeconds = Number(seconds);
  const languages = splitList(valueOf('audioLanguages'));
  if (languages.join() !== (channel.audioLanguages ?? []).join()) change.audioLanguages = languages;
  const reminders = parseReminders(valueOf('reminderMinutes'));
  if (reminders.join() !== (channel.reminderMinutes ?? []).join()) change.reminderMinutes = reminders;
  const announces = valueOf('announceEvents');
  if (announces !== '' && (announces === 'on') !== (channel.announceEvents ?? true)) change.announceEvents = announces === 'on';
  return change;
}

/** Splits a list separated by commas or spaces. */
const splitList = (text: string) => text.split(/[\s,;]+/).filter((part) => part !== '');

/** Options by value, including the current value if it is not a preset. */
export function optionsWithCurrent(options: Record<string, string>, current: string): [value: string, label: string][] {
  return Object.entries(current in options ? options : { ...options, [current]: current });
}
