import type { Denial, Report } from './broadcast';
import { type Picture, type Verdict, verdict } from './state';

/** How a replay begins. */
export interface ReplayOptions {
  /** Seconds after the recording's begin; 0 where it is left out. */
  startAt?: number;
  /** False: the picture waits until the viewer asks for it. Otherwise it plays if the viewer wanted what was before it to play. */
  autoplay?: boolean;
}

/** The one thing the page shows while it plays a recording. Whether its channel is live has no part in it; the line to the server has. */
export function decideReplay(report: Report, picture: Picture): Verdict {
  if (picture.failure !== null) return verdict('error', picture.failure);
  switch (picture.phase) {
    case 'playing':
    case 'held':
    case 'invited':
    case 'finished':
      return verdict('replay');
    case 'stalled':
      return denial(report) ?? verdict('reconnecting', 'connectionLost');
    case 'loading':
    case 'none':
      return denial(report) ?? verdict('starting', 'loadingReplay');
  }
}

function denial(report: Report): Verdict | null {
  return report.kind === 'denied' ? verdict('error', report.why satisfies Denial) : null;
}
