import type { Api } from '../api';

// `/api/v1/recordings`.

export interface Recording {
  id: string;
  channel: string;
  session: string;
  /** `session` or `clip`. */
  kind: string;
  title: string;
  /** `public`, `unlisted` or `private`. */
  visibility: string;
  /** `recording` while more comes, then `ready`. */
  state: string;
  startsAt: string;
  endsAt: string | null;
  durationSeconds: number | null;
  /** `channel`, `forever`, or a length such as `30d`. */
  retention: string;
  expiresAt: string | null;
  createdAt: string;
  addresses: { hls: string; dash: string; download: string; poster: string; thumbnails: string };
}

export interface RecordingWish {
  title?: string;
  visibility?: string;
  retention?: string;
  /** An instant, seconds, or a text such as `1:30`; of a recording, what it is trimmed to. */
  start?: string;
  end?: string;
}

/** What deleting would take along. */
export interface Deletion {
  recordings: string[];
  mediaGoes: boolean;
  mediaKeptBy: string[];
  /** Null where they were not counted. */
  objects: number | null;
  bytes: number | null;
  /** Whether all were counted; otherwise there are more. */
  countedAll?: boolean | null;
}

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
