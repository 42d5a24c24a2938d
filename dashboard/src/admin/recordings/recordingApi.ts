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

/** Recordings, newest first; what of the filter is empty does not count. */
export function listRecordings(api: Api, filter: { channel: string; kind: string }, before?: string): Promise<Recording[]> {
  const query = new URLSearchParams({ limit: String(recordingPage) });
  if (filter.channel !== '') query.set('channel', filter.channel);
  if (filter.kind !== '') query.set('kind', filter.kind);
  if (before !== undefined) query.set('before', before);
  return api.ask('GET', `/recordings?${query.toString()}`);
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
