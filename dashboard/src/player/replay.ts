import type { Denial, Report } from './channelStatus';
import { type PlaybackStatus, type DisplayState, displayState } from './state';

/** How to start a recording. */
export interface ReplayOptions {
  /** Seconds from the recording's start; 0 by default. */
  startAt?: number;
  /** False waits for the viewer. By default, playback continues if the viewer was playing. */
  autoplay?: boolean;
}

/** The state that the page shows while it plays a recording. It depends on the connection, but not on the channel's state. */
export function replayDisplayState(report: Report, playback: PlaybackStatus): DisplayState {
  if (playback.failure !== null) return displayState('error', playback.failure);
  switch (playback.phase) {
    case 'playing':
    case 'paused':
    case 'awaitingPlay':
    case 'finished':
      return displayState('replay');
    case 'stalled':
      return denialState(report) ?? displayState('reconnecting', 'connectionLost');
    case 'loading':
    case 'none':
      return denialState(report) ?? displayState('starting', 'loadingReplay');
  }
}

function denialState(report: Report): DisplayState | null {
  return report.kind === 'denied' ? displayState('error', report.reason satisfies Denial) : null;
}
