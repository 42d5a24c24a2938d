import type { Denial, Report } from './broadcast';

/** What the page shows, also in `document.documentElement.dataset.state`. */
export type PlayerState = 'offline' | 'starting' | 'live' | 'replay' | 'reconnecting' | 'ended' | 'error';

/** Why, where one state has several messages. */
export type Reason =
  | 'connecting' | 'preparing' | 'loading' | 'loadingReplay'
  | 'encoderLost' | 'connectionLost'
  | 'unknown'
  | 'unreachable' | Denial | Failure;

/** What playback cannot get over by itself within reasonable time. */
export type Failure = 'unsupported' | 'media' | 'replay';

/** What the player itself sees. */
export interface Picture {
  /**
   * `none`: nothing is attached. `invited`: nothing is attached until the viewer asks for it. `loading`: attached, nothing shown
   * yet. `playing`: time moves. `held`: stands still because the viewer wants it to. `stalled`: stands still though it should
   * move. `finished`: played to the end.
   */
  phase: 'none' | 'invited' | 'loading' | 'playing' | 'held' | 'stalled' | 'finished';
  /** The session that is attached. */
  session: string | null;
  failure: Failure | null;
}

export interface Verdict {
  state: PlayerState;
  reason: Reason | null;
}

/** How many unanswered questions in a row make a server unreachable for a page that has not shown anything yet. */
const patience = 3;

/** From what the server says and what the player sees to the one thing the page shows. The picture has the last word. */
export function decide(report: Report, picture: Picture): Verdict {
  if (picture.failure !== null) return verdict('error', picture.failure);
  switch (picture.phase) {
    case 'playing':
      return verdict('live');
    case 'finished':
      return hasNextSession(report, picture) ? verdict('starting', 'loading') : verdict('ended');
    case 'stalled':
      return whileStalled(report);
    case 'held':
      return verdict('live');
    case 'invited':
      return report.kind === 'answer' && report.broadcast.state === 'live' ? verdict('live') : withoutPicture(report);
    case 'loading':
    case 'none':
      return withoutPicture(report);
  }
}

/**
 * Whether a stream should be attached now: the channel is live, and what is attached, if anything, is another session that has
 * come to its end or to a halt. A session still playing is played out first.
 */
export function shouldAttach(report: Report, picture: Picture): boolean {
  if (report.kind !== 'answer' || report.broadcast.state !== 'live') return false;
  switch (picture.phase) {
    case 'none':
      return true;
    case 'loading':
    case 'stalled':
    case 'finished':
      return hasNextSession(report, picture);
    default:
      return false;
  }
}

/**
 * Whether what is attached has nothing more to give: it stands still, and the server says that the channel is over. Or it was played to its
 * end and stopped there, and the next session is not for who did not ask for it.
 */
export function shouldDetach(report: Report, picture: Picture, wantsPlay = true): boolean {
  if (report.kind !== 'answer') return false;
  if (picture.phase === 'finished') return !wantsPlay && hasNextSession(report, picture);
  const over = report.broadcast.state === 'offline' || report.broadcast.state === 'ended';
  return over && (picture.phase === 'loading' || picture.phase === 'stalled');
}

/** Whether the channel is live with another session than the attached one. */
export function hasNextSession(report: Report, picture: Picture): boolean {
  return report.kind === 'answer' && report.broadcast.state === 'live' && report.broadcast.session !== picture.session;
}

function whileStalled(report: Report): Verdict {
  switch (report.kind) {
    case 'denied':
      return verdict('error', report.why);
    case 'unreachable':
    case 'nothing':
      return verdict('reconnecting', 'connectionLost');
    case 'answer':
      switch (report.broadcast.state) {
        case 'offline':
          return whileOff(report);
        case 'ended':
          return verdict('ended');
        default:
          return verdict('reconnecting', 'encoderLost');
      }
  }
}

function withoutPicture(report: Report): Verdict {
  switch (report.kind) {
    case 'nothing':
      return verdict('starting', 'connecting');
    case 'denied':
      return verdict('error', report.why);
    case 'unreachable':
      return report.failures < patience ? verdict('starting', 'connecting') : verdict('error', 'unreachable');
    case 'answer':
      switch (report.broadcast.state) {
        case 'offline':
          return whileOff(report);
        case 'starting':
          return verdict('starting', 'preparing');
        case 'live':
          return verdict('starting', 'loading');
        case 'ended':
          return verdict('ended');
      }
  }
}

function whileOff({ isUnknown }: { isUnknown?: true }): Verdict {
  return isUnknown === true ? verdict('offline', 'unknown') : verdict('offline');
}

export function verdict(state: PlayerState, reason: Reason | null = null): Verdict {
  return { state, reason };
}
