import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import type { Announcement } from './channelStatus';
import { countdown } from './countdown';
import type { DisplayState } from './state';
import type { IconName } from './icons';

/** A message that replaces the video on the stage. */
export interface Message {
  title: string;
  hint: string;
  /** Time until the start. Separate, because it changes every second. */
  remaining?: string;
  icon: IconName | 'spinner';
  retry: boolean;
}

/** Null while video is shown. */
export function messageFor(
  { state, reason }: DisplayState,
  channelName: string,
  next: Announcement | null = null,
  now = 0,
): Message | null {
  if (next !== null && (state === 'offline' || state === 'ended')) {
    const { clock, remaining } = countdown(next.startsAt, now);
    return remaining === null
      ? { title: next.title, hint: playerText.next.late, icon: 'clock', retry: false }
      : { title: next.title, hint: playerText.next.hint(clock), remaining, icon: 'clock', retry: false };
  }

  switch (state) {
    case 'live':
    case 'replay':
      return null;
    case 'offline':
      if (reason === 'unknown') return { ...playerText.unknown, icon: 'warning', retry: false };
      return { title: playerText.offline.title(channelName), hint: playerText.offline.hint, icon: 'moon', retry: false };
    case 'ended':
      return { ...playerText.ended, icon: 'check', retry: false };
    case 'starting': {
      if (reason === 'loadingReplay') return { ...controlsText.loadingReplay, icon: 'spinner', retry: false };
      const text = playerText.starting[reason === 'preparing' || reason === 'loading' ? reason : 'connecting'];
      return { ...text, icon: 'spinner', retry: false };
    }
    case 'reconnecting': {
      const text = playerText.reconnecting[reason === 'encoderLost' ? 'encoderLost' : 'connectionLost'];
      return { ...text, icon: 'spinner', retry: false };
    }
    case 'error': {
      if (reason === 'replay') return { ...controlsText.replayFailed, icon: 'warning', retry: true };
      const known =
        reason === 'unreachable' || reason === 'denied' || reason === 'expired' || reason === 'noToken' || reason === 'unsupported'
          ? reason
          : 'media';
      // Retrying does not help if the viewer needs another link.
      return { ...playerText.error[known], icon: 'warning', retry: known !== 'expired' && known !== 'noToken' };
    }
  }
}
