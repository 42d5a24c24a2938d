import { adminText } from '../../text';
import type { Api, PlaybackAddresses } from '../api';
import { ownTimeZone, wallIn } from '../schedule/wallClock';

// `/api/v1/channels/{name}/…` as the channel's page uses it.

/** What was measured of a channel at one moment; what is null was not known. */
export interface Measurement {
  at: string;
  bitsPerSecond: number | null;
  framesPerSecond: number | null;
  keyframeIntervalSeconds: number | null;
  /** How far sound comes ahead of the picture; negative when it comes behind. */
  skewSeconds: number | null;
  /** 1 keeps up with the source. */
  encodingSpeed: number | null;
  encodingBehindSeconds: number | null;
  delaySeconds: number | null;
  viewers: number | null;
}

export interface Measurements {
  intervalSeconds: number;
  measurements: Measurement[];
}

/** Something that happened. */
export interface Happening {
  id: string;
  at: string;
  type: string;
  session: string | null;
  /** Who changed something: kind, id and name. */
  actor: string | null;
  data: Record<string, unknown>;
}

/** One more stream key, with a label that says when it was made and what for: without one, nobody knows later which can go. */
export async function connectKey(api: Api, channel: string, now: Date): Promise<string> {
  // Digits alone: dates of some languages have marks of direction in them, which no label may have.
  const day = wallIn(now, ownTimeZone()).slice(0, 10);
  const { streamKey } = await api.createKey(channel, 'primary', adminText.channelPage.connect.keyLabel(day));
  return streamKey;
}

/** What was measured after an instant; all there is without one. */
export function measurements(api: Api, channel: string, after?: string): Promise<Measurements> {
  return api.ask('GET', `${pathOf(channel)}/measurements${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`);
}

/** What happened, newest first. */
export function timeline(api: Api, channel: string, limit: number, before?: string): Promise<Happening[]> {
  return api.ask('GET', `${pathOf(channel)}/timeline?limit=${limit}${before === undefined ? '' : `&before=${encodeURIComponent(before)}`}`);
}

/** Whether a channel ever had a broadcast. */
export async function hadSession(api: Api, channel: string): Promise<boolean> {
  return (await api.ask<unknown[]>('GET', `${pathOf(channel)}/sessions?limit=1`)).length > 0;
}

/** Sends the encoders away; the session waits for them. */
export function kick(api: Api, channel: string): Promise<{ encoders: number }> {
  return api.ask('POST', `${pathOf(channel)}/kick`);
}

/** A token of short life that also opens what the audience does not get yet. */
export function previewToken(api: Api, channel: string, label: string, expiresAt: Date): Promise<{ token: string; addresses: PlaybackAddresses }> {
  return api.ask('POST', `${pathOf(channel)}/viewer-tokens`, { label, preview: true, expiresAt: expiresAt.toISOString() });
}

function pathOf(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}`;
}
