import type { PlayerView } from '../player/player';

/** Seconds from the start of the broadcast to the displayed frame; null without a frame, or if its capture time is unknown. */
export function broadcastPosition(view: PlayerView, video: HTMLVideoElement): number | null {
  if (view.mode === 'replay') return video.currentTime;
  const frameDate = view.state === 'live' ? view.engine?.frameDate ?? null : null;
  const startedAt = view.channelStatus?.startedAt ?? null;
  return frameDate === null || startedAt === null ? null : (frameDate.getTime() - startedAt.getTime()) / 1000;
}
