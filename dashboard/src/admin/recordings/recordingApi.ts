import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/recordings`.

export type Recording = Schemas['RecordingView'];

/** Changes to a recording, or a new clip. Times are instants, seconds, or texts such as `1:30`. */
export type RecordingRequest = Omit<Schemas['RecordingChangeBody'], 'start' | 'end'> & { start?: string; end?: string };

/** What a deletion would remove. */
export type Deletion = Schemas['DeletionView'];

/** Page size. */
export const recordingPageSize = 50;

/** Filter of the list. Empty members match everything. */
export interface RecordingFilter {
  channel: string;
  kind: string;
  /** Text in the title or the channel name. */
  q: string;
  /** Start day, `2030-01-31`, in the user's time zone. */
  day: string;
}

/** Storage used by all recordings. */
export type RecordingUsage = Schemas['RecordingUsage'];

/** Recordings, newest first. */
export function listRecordings(api: Api, filter: RecordingFilter, before?: string, withSizes = false): Promise<Recording[]> {
  const query = new URLSearchParams({ limit: String(recordingPageSize) });
  for (const member of ['channel', 'kind', 'q'] as const) {
    if (filter[member] !== '') query.set(member, filter[member]);
  }
  const [from, to] = dayRange(filter.day);
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
  if (withSizes) query.set('sizes', 'true');
  if (before !== undefined) query.set('before', before);
  return api.send('GET', `/recordings?${query.toString()}`);
}

/** Whether any recording exists. */
export async function hasRecordings(api: Api): Promise<boolean> {
  return (await api.send<Recording[]>('GET', '/recordings?limit=1')).length > 0;
}

export function recordingUsage(api: Api): Promise<RecordingUsage> {
  return api.send('GET', '/recordings/usage');
}

// From midnight to midnight; not always 24 hours.
function dayRange(day: string): [string | null, string | null] {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (parts === null) return [null, null];
  const [year, month, date] = [Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])];
  const text = (instant: Date) => `${instant.toISOString().slice(0, 19)}Z`;
  return [text(new Date(year, month, date)), text(new Date(year, month, date + 1))];
}

export function changeRecording(api: Api, id: string, request: RecordingRequest): Promise<Recording> {
  return api.send('PATCH', recordingPath(id), request);
}

export function createClip(api: Api, id: string, request: RecordingRequest): Promise<Recording> {
  return api.send('POST', `${recordingPath(id)}/clips`, request);
}

export function previewDeletion(api: Api, id: string): Promise<Deletion> {
  return api.send('DELETE', `${recordingPath(id)}?dryRun=true`);
}

export function deleteRecording(api: Api, id: string): Promise<void> {
  return api.send('DELETE', recordingPath(id));
}

function recordingPath(id: string): string {
  return `/recordings/${encodeURIComponent(id)}`;
}
