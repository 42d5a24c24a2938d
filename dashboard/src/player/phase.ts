import type { Engine } from './engine';
import type { PlaybackStatus } from './state';

/** Shorter stalls are ordinary buffering, in ms. */
export const stalledAfterMs = 2500;

/** Observed state of the video. */
export interface PlaybackSample {
  engine: Pick<Engine, 'isEnded' | 'timeline' | 'targetDuration'> | null;
  ended: boolean;
  /** Seconds of the video. */
  position: number;
  /** Whether a frame of the attached stream was shown. */
  hasShownFrame: boolean;
  wantsPlay: boolean;
  needsTap: boolean;
  /** Duration of the stall, in ms. */
  stalledFor: number;
}

/** The phase of playback. */
export function phaseOf({
  engine,
  ended,
  position,
  hasShownFrame,
  wantsPlay,
  needsTap,
  stalledFor,
}: PlaybackSample): PlaybackStatus['phase'] {
  const isPaused = needsTap || !wantsPlay;
  if (engine === null) return isPaused ? 'awaitingPlay' : 'none';
  if (ended || (engine.isEnded && hasShownFrame && wantsPlay && stalledFor > stalledAfterMs && isAtEnd(engine, position)))
    return 'finished';
  if (isPaused) return 'paused';
  if (!hasShownFrame) return 'loading';
  return stalledFor > stalledAfterMs ? 'stalled' : 'playing';
}

/** Only at the end of an ended stream is no more media expected. */
function isAtEnd({ timeline, targetDuration }: NonNullable<PlaybackSample['engine']>, position: number): boolean {
  return timeline === null || timeline.window.end - position < Math.max(3, 2 * targetDuration);
}
