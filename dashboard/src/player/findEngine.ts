import type { Begin, Engine, EngineEvents } from './engine';
import { NativeEngine } from './nativeEngine';

export type EngineMaker = (playlist: string, events: EngineEvents, begin: Begin) => Engine;

/** What this browser plays with: hls.js where it can, else the browser itself. Null when neither works. */
export async function findEngine(video: HTMLVideoElement, search = window.location.search): Promise<EngineMaker | null> {
  const native: EngineMaker | null = NativeEngine.supports(video) ? (playlist, events, begin) => new NativeEngine(video, playlist, events, begin) : null;
  if (native !== null && prefersNative(search)) return native;
  if ('MediaSource' in window || 'ManagedMediaSource' in window) {
    // A file of its own: browsers that do not need it do not load it, and it stays cached when the pages change.
    const { HlsEngine } = await import('./hlsEngine');
    if (HlsEngine.supported) return (playlist, events, begin) => new HlsEngine(video, playlist, events, begin);
  }
  return native;
}

/** `?engine=native`: whoever looks for a fault has the browser play by itself, where it can. */
export function prefersNative(search: string): boolean {
  return new URLSearchParams(search).get('engine') === 'native';
}
