import type { Report } from '../player/channelStatus';

/** What the page with the chat alone shows: the chat, or the reason why there is none. */
export type ChatPagePhase = 'loading' | 'noChannel' | 'denied' | 'off' | 'notLive' | 'live';

/** Chooses the phase. While the server is unreachable, a chat that is on display stays. */
export function chatPagePhase(report: Report, isShown: boolean): ChatPagePhase {
  switch (report.kind) {
    case 'nothing':
      return 'loading';
    case 'unreachable':
      return isShown ? 'live' : 'loading';
    case 'denied':
      return 'denied';
    case 'answer':
      if (report.isUnknown) return 'noChannel';
      if (report.channelStatus.session === null) return 'notLive';
      return report.channelStatus.chat === true ? 'live' : 'off';
  }
}
