import type { Engine } from './engine';
import type { Picture } from './state';

/** Standing still for less is ordinary buffering, in ms. */
export const stalledAfterMs = 2500;

/** What is seen of the video. */
export interface Sight {
  engine: Pick<Engine, 'closed' | 'timeline' | 'targetDuration'> | null;
  ended: boolean;
  /** Seconds of the video. */
  position: number;
  /** It has shown a picture of what is attached. */
  shown: boolean;
  wantsPlay: boolean;
  needsTap: boolean;
  /** How long it has stood still, in ms. */
  stalledFor: number;
}

/** The phase that playback is in. */
export function phaseOf({ engine, ended, position, shown, wantsPlay, needsTap, stalledFor }: Sight): Picture['phase'] {
  const held = needsTap || !wantsPlay;
  if (engine === null) return held ? 'invited' : 'none';
  if (ended || (engine.closed && shown && wantsPlay && stalledFor > stalledAfterMs && isAtEnd(engine, position))) return 'finished';
  if (held) return 'held';
  if (!shown) return 'loading';
  return stalledFor > stalledAfterMs ? 'stalled' : 'playing';
}

/** Of what is over: there is nothing more to wait for. Elsewhere in it something may still be on its way. */
function isAtEnd({ timeline, targetDuration }: NonNullable<Sight['engine']>, position: number): boolean {
  return timeline === null || timeline.window.end - position < Math.max(3, 2 * targetDuration);
}
