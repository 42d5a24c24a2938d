import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/recordings`.

export type Recording = Schemas['RecordingView'];

/** What is to change of a recording, or is wished of a clip. Times are instants, seconds, or texts such as `1:30`; of a recording, what it is trimmed to. */
export type RecordingWish = Omit<Schemas['RecordingChangeBody'], 'start' | 'end'> & { start?: string; end?: string };

/** What deleting would take along. */
export type Deletion = Schemas['DeletionView'];

/** Most recordings that are asked for at a time. */
export const recordingPage = 50;

/** Which recordings; what is empty does not count. */
export interface RecordingFilter {
  channel: string;
  kind: string;
  /** A text in their title, or their channel's. */
  q: string;
  /** The day on which they begin, `2030-01-31`, on the reader's clock. */
  day: string;
}

/** What all recordings take in the store. */
export type RecordingUsage = Schemas['RecordingUsage'];

/** Recordings, newest first. */
export function listRecordings(api: Api, filter: RecordingFilter, before?: string, withSizes = false): Promise<Recording[]> {
  const query = new URLSearchParams({ limit: String(recordingPage) });
  for (const member of ['channel', 'kind', 'q'] as const) {
    if (filter[member] !== '') query.set(member, filter[member]);
  }
  const [from, to] = rangeOf(filter.day);
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
  if (withSizes) query.set('sizes', 'true');
  if (before !== undefined) query.set('before', before);
  return api.ask('GET', `/recordings?${query.toString()}`);
}

/** Whether there is any recording. */
export async function anyRecording(api: Api): Promise<boolean> {
  return (await api.ask<Recording[]>('GET', '/recordings?limit=1')).length > 0;
}

export function recordingUsage(api: Api): Promise<RecordingUsage> {
  return api.ask('GET', '/recordings/usage');
}

// From its midnight to the next, which is not always 24 hours later.
function rangeOf(day: string): [string | null, string | null] {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (parts === null) return [null, null];
  const [year, month, date] = [Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])];
  const text = (moment: Date) => `${moment.toISOString().slice(0, 19)}Z`;
  return [text(new Date(year, month, date)), text(new Date(year, month, date + 1))];
}

export function changeRecording(api: Api, id: string, wish: RecordingWish): Promise<Recording> {
  return api.ask('PATCH', recordingPath(id), wish);
}

export function createClip(api: Api, id: string, wish: RecordingWish): Promise<Recording> {
  return api.ask('POST', `${recordingPath(id)}/clips`, wish);
}

export function planDeletion(api: Api, id: string): Promise<Deletion> {
  return api.ask('DELETE', `${recordingPath(id)}?dryRun=true`);
}

export function deleteRecording(api: Api, id: string): Promise<void> {
  return api.ask('DELETE', recordingPath(id));
}

function recordingPath(id: string): string {
  return `/recordings/${encodeURIComponent(id)}`;
}
