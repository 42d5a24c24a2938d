import type { InitialPosition, Engine, EngineEvents } from './engine';
import { NativeEngine } from './nativeEngine';

export type EngineFactory = (playlist: string, events: EngineEvents, initialPosition: InitialPosition) => Engine;

/** Creates the engine factory: hls.js where supported, else native playback. Null if neither works. */
export async function createEngineFactory(video: HTMLVideoElement, search = window.location.search): Promise<EngineFactory | null> {
  const native: EngineFactory | null = NativeEngine.supports(video)
    ? (playlist, events, initialPosition) => new NativeEngine(video, playlist, events, initialPosition)
    : null;
  if (native !== null && prefersNative(search)) return native;
  if ('MediaSource' in window || 'ManagedMediaSource' in window) {
    // A separate chunk: loaded only where needed, and cached across updates of the pages.
    const { HlsEngine } = await import('./hlsEngine');
    if (HlsEngine.supported) return (playlist, events, initialPosition) => new HlsEngine(video, playlist, events, initialPosition);
  }
  return native;
}

/** `?engine=native` selects native playback where supported, for diagnosis. */
export function prefersNative(search: string): boolean {
  return new URLSearchParams(search).get('engine') === 'native';
}
