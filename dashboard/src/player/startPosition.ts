import type { InitialPosition, Engine } from './engine';
import type { Mode } from './speed';
import { type Start, resolveStart } from './start';

/** Where the next attachment starts: from a shared URL, or the position before a restart. */
export class StartPosition {
  private next: Start | null = null;

  /** @param start null for live, or the start of a recording */
  set(start: Start | null): void {
    this.next = start;
  }

  /** The initial position for an engine. `onPositionFound` is called if it is not live. */
  resolve(mode: Mode, startedAt: Date | null, onPositionFound: () => void): InitialPosition {
    const { next } = this;
    if (mode === 'replay' && (next === null || next.kind === 'offset')) return next?.seconds ?? 0;
    if (next === null) return null;
    return (timeline) => {
      const position = resolveStart(next, timeline, mode === 'live' ? startedAt?.getTime() ?? null : null);
      if (position !== null) onPositionFound();
      return position;
    };
  }

  /** Saves a position behind live by wall-clock time, because the time base changes with each attachment. */
  save(mode: Mode, engine: Engine, video: HTMLVideoElement, isBehindByChoice: boolean): void {
    const date = engine.frameDate;
    if (mode === 'replay') {
      // While nothing is loaded, the saved position stays valid.
      if (video.readyState > 0) this.next = { kind: 'offset', seconds: video.ended ? 0 : video.currentTime };
    } else if (!isBehindByChoice) this.next = null;
    else if (date !== null) this.next = { kind: 'clock', ms: date.getTime() };
  }
}
