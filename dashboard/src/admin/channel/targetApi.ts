import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/channels/{name}/targets` and `/api/v1/target-presets`.

export type Target = Schemas['TargetView'];

export type TargetPreset = Schemas['TargetPreset'];

export type TargetRequest = Partial<Schemas['NewTarget']> & Schemas['TargetChange'];

export type TargetTest = Schemas['TargetTestView'];

export function listTargets(api: Api, channel: string): Promise<Target[]> {
  return api.send('GET', targetsPath(channel));
}

export function listTargetPresets(api: Api): Promise<TargetPreset[]> {
  return api.send('GET', '/target-presets');
}

export function addTarget(api: Api, channel: string, request: TargetRequest): Promise<Target> {
  return api.send('POST', targetsPath(channel), request);
}

export function changeTarget(api: Api, channel: string, name: string, request: TargetRequest): Promise<Target> {
  return api.send('PATCH', targetPath(channel, name), request);
}

export function deleteTarget(api: Api, channel: string, name: string): Promise<void> {
  return api.send('DELETE', targetPath(channel, name));
}

/** Connects and asks to publish, without media. */
export function testTarget(api: Api, channel: string, name: string): Promise<TargetTest> {
  return api.send('POST', `${targetPath(channel, name)}/test`);
}

function targetsPath(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/targets`;
}

function targetPath(channel: string, name: string): string {
  return `${targetsPath(channel)}/${encodeURIComponent(name)}`;
}
