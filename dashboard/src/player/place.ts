import type { Begin, Engine } from './engine';
import type { Mode } from './speed';
import { type Start, startPosition } from './start';

/** Where the next attachment begins: as a shared address says it, or where one was before a stream had to be begun anew. */
export class Place {
  private next: Start | null = null;

  /** @param start null for live, or a recording's begin */
  set(start: Start | null): void {
    this.next = start;
  }

  /** What an engine begins with. `found` is called when that is another place than live. */
  begin(mode: Mode, startedAt: Date | null, found: () => void): Begin {
    const { next } = this;
    if (mode === 'replay' && (next === null || next.kind === 'offset')) return next?.seconds ?? 0;
    if (next === null) return null;
    return (timeline) => {
      const position = startPosition(next, timeline, mode === 'live' ? startedAt?.getTime() ?? null : null);
      if (position !== null) found();
      return position;
    };
  }

  /** Who is not at live comes back to the same place: by wall clock, because another attachment counts from another begin. */
  keep(mode: Mode, engine: Engine, video: HTMLVideoElement, behindByChoice: boolean): void {
    const date = engine.pictureDate;
    if (mode === 'replay') {
      // While nothing is loaded, what was kept before still holds.
      if (video.readyState > 0) this.next = { kind: 'offset', seconds: video.ended ? 0 : video.currentTime };
    } else if (!behindByChoice) this.next = null;
    else if (date !== null) this.next = { kind: 'clock', ms: date.getTime() };
  }
}
