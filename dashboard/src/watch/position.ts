import type { PlayerView } from '../player/player';

/** Seconds from the start of the broadcast to the picture on screen; null where there is no picture, or it is not known when it was taken. */
export function broadcastPosition(view: PlayerView, video: HTMLVideoElement): number | null {
  if (view.mode === 'replay') return video.currentTime;
  const taken = view.state === 'live' ? view.engine?.pictureDate ?? null : null;
  const startedAt = view.broadcast?.startedAt ?? null;
  return taken === null || startedAt === null ? null : (taken.getTime() - startedAt.getTime()) / 1000;
}
