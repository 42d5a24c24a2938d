import { adminText } from '../../text';
import type { Api, PlaybackUrls } from '../api';
import { browserTimeZone, localTimeIn } from '../schedule/localTime';

// `/api/v1/channels/{name}/…`, as used by the channel page.

/** Measurements of a channel at one moment; null values are unknown. */
export interface Measurement {
  at: string;
  bitsPerSecond: number | null;
  framesPerSecond: number | null;
  keyframeIntervalSeconds: number | null;
  /** Offset of audio relative to video; negative if the audio is late. */
  avSkewSeconds: number | null;
  /** 1 keeps up with the source. */
  encodingSpeed: number | null;
  encodingLagSeconds: number | null;
  latencySeconds: number | null;
  viewers: number | null;
}

export interface Measurements {
  intervalSeconds: number;
  measurements: Measurement[];
}

/** An entry of a channel's activity. */
export interface ActivityEntry {
  id: string;
  at: string;
  type: string;
  session: string | null;
  /** Kind, id and name of the actor. */
  actor: string | null;
  data: Record<string, unknown>;
}

/** Creates a stream key with a label that tells its date and purpose. */
export async function createConnectKey(api: Api, channel: string, now: Date): Promise<string> {
  // Digits only: dates in some languages contain direction marks, which labels must not contain.
  const date = localTimeIn(now, browserTimeZone()).slice(0, 10);
  const { streamKey } = await api.createKey(channel, 'primary', adminText.channelPage.connect.keyLabel(date));
  return streamKey;
}

/** Measurements of the last hour, or averages of the last day, after an instant; all without one. */
export function measurements(api: Api, channel: string, range: 'hour' | 'day', after?: string): Promise<Measurements> {
  const rest = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  return api.send('GET', `${channelPath(channel)}/measurements?range=${range}${rest}`);
}

/** Activity of a channel, newest first. */
export function listActivity(api: Api, channel: string, limit: number, before?: string): Promise<ActivityEntry[]> {
  return api.send(
    'GET',
    `${channelPath(channel)}/activity?limit=${limit}${before === undefined ? '' : `&before=${encodeURIComponent(before)}`}`,
  );
}

/** Whether the channel ever had a broadcast. */
export async function hasSession(api: Api, channel: string): Promise<boolean> {
  return (await api.send<unknown[]>('GET', `${channelPath(channel)}/sessions?limit=1`)).length > 0;
}

/** Disconnects the encoders. The session waits for them to reconnect. */
export function disconnectEncoders(api: Api, channel: string): Promise<{ encoders: number }> {
  return api.send('POST', `${channelPath(channel)}/kick`);
}

/** A short-lived viewer token with preview access. */
export function createPreviewToken(
  api: Api,
  channel: string,
  label: string,
  expiresAt: Date,
): Promise<{ token: string; urls: PlaybackUrls }> {
  return api.send('POST', `${channelPath(channel)}/viewer-tokens`, { label, preview: true, expiresAt: expiresAt.toISOString() });
}

function channelPath(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}`;
}
