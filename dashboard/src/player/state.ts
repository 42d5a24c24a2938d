import type { Denial, Report } from './channelStatus';

/** State of the page, also in `document.documentElement.dataset.state`. */
export type PlayerState = 'offline' | 'starting' | 'live' | 'replay' | 'reconnecting' | 'ended' | 'error';

/** Why the page is in this state, to select the message. */
export type Reason =
  | 'connecting' | 'preparing' | 'loading' | 'loadingReplay'
  | 'encoderLost' | 'connectionLost'
  | 'unknown'
  | 'unreachable' | Denial | Failure;

/** An error that the player cannot recover from quickly. */
export type Failure = 'unsupported' | 'media' | 'replay';

/** State of playback. */
export interface PlaybackStatus {
  /**
   * `none`: nothing attached. `awaitingPlay`: nothing attached until the viewer starts playback. `loading`: attached, no frame shown yet.
   * `playing`: advancing. `paused`: paused by the viewer. `stalled`: not advancing, although it should. `finished`: played to the end.
   */
  phase: 'none' | 'awaitingPlay' | 'loading' | 'playing' | 'paused' | 'stalled' | 'finished';
  /** The attached session. */
  session: string | null;
  failure: Failure | null;
}

export interface DisplayState {
  state: PlayerState;
  reason: Reason | null;
}

/** Failed polls in a row before a page without video reports an unreachable server. */
const maxFailures = 3;

/** The state that the page shows, from the status report and playback. Playback has priority. */
export function playbackDisplayState(report: Report, playback: PlaybackStatus): DisplayState {
  if (playback.failure !== null) return displayState('error', playback.failure);
  switch (playback.phase) {
    case 'playing':
      return displayState('live');
    case 'finished':
      return hasNextSession(report, playback) ? displayState('starting', 'loading') : displayState('ended');
    case 'stalled':
      return whileStalled(report);
    case 'paused':
      return displayState('live');
    case 'awaitingPlay':
      return report.kind === 'answer' && report.channelStatus.state === 'live' ? displayState('live') : beforePlayback(report);
    case 'loading':
    case 'none':
      return beforePlayback(report);
  }
}

/**
 * Whether to attach a stream: the channel is live, and nothing is attached, or another session that has ended or stalled. A session that
 * still plays is played to its end.
 */
export function shouldAttach(report: Report, playback: PlaybackStatus): boolean {
  if (report.kind !== 'answer' || report.channelStatus.state !== 'live') return false;
  switch (playback.phase) {
    case 'none':
      return true;
    case 'loading':
    case 'stalled':
    case 'finished':
      return hasNextSession(report, playback);
    default:
      return false;
  }
}

/**
 * Whether to detach: playback stalled and the channel is not live. Or it played to its end, and the viewer paused before the next session.
 */
export function shouldDetach(report: Report, playback: PlaybackStatus, wantsPlay = true): boolean {
  if (report.kind !== 'answer') return false;
  if (playback.phase === 'finished') return !wantsPlay && hasNextSession(report, playback);
  const hasEnded = report.channelStatus.state === 'offline' || report.channelStatus.state === 'ended';
  return hasEnded && (playback.phase === 'loading' || playback.phase === 'stalled');
}

/** Whether the channel is live with a session other than the attached one. */
export function hasNextSession(report: Report, playback: PlaybackStatus): boolean {
  return report.kind === 'answer' && report.channelStatus.state === 'live' && report.channelStatus.session !== playback.session;
}

function whileStalled(report: Report): DisplayState {
  switch (report.kind) {
    case 'denied':
      return displayState('error', report.reason);
    case 'unreachable':
    case 'nothing':
      return displayState('reconnecting', 'connectionLost');
    case 'answer':
      switch (report.channelStatus.state) {
        case 'offline':
          return whileOff(report);
        case 'ended':
          return displayState('ended');
        default:
          return displayState('reconnecting', 'encoderLost');
      }
  }
}

function beforePlayback(report: Report): DisplayState {
  switch (report.kind) {
    case 'nothing':
      return displayState('starting', 'connecting');
    case 'denied':
      return displayState('error', report.reason);
    case 'unreachable':
      return report.failures < maxFailures ? displayState('starting', 'connecting') : displayState('error', 'unreachable');
    case 'answer':
      switch (report.channelStatus.state) {
        case 'offline':
          return whileOff(report);
        case 'starting':
          return displayState('starting', 'preparing');
        case 'live':
          return displayState('starting', 'loading');
        case 'ended':
          return displayState('ended');
      }
  }
}

function whileOff({ isUnknown }: { isUnknown?: true }): DisplayState {
  return isUnknown === true ? displayState('offline', 'unknown') : displayState('offline');
}

export function displayState(state: PlayerState, reason: Reason | null = null): DisplayState {
  return { state, reason };
}
