import { playerText } from '../text';
import { controlsText } from '../text/playerControls';
import type { Announcement } from './broadcast';
import { countdown } from './countdown';
import type { Verdict } from './state';
import type { IconName } from './icons';

/** What stands on the stage in place of the picture. */
export interface Message {
  title: string;
  hint: string;
  /** How long it takes until then. Apart, because it changes every second. */
  left?: string;
  icon: IconName | 'spinner';
  retry: boolean;
}

/** Null while the picture speaks for itself. */
export function messageFor({ state, reason }: Verdict, channelTitle: string, next: Announcement | null = null, now = 0): Message | null {
  if (next !== null && (state === 'offline' || state === 'ended')) {
    const { clock, left } = countdown(next.startsAt, now);
    return left === null
      ? { title: next.title, hint: playerText.next.late, icon: 'clock', retry: false }
      : { title: next.title, hint: playerText.next.hint(clock), left, icon: 'clock', retry: false };
  }

  switch (state) {
    case 'live':
    case 'replay':
      return null;
    case 'offline':
      if (reason === 'unknown') return { ...playerText.unknown, icon: 'warning', retry: false };
      return { title: playerText.offline.title(channelTitle), hint: playerText.offline.hint, icon: 'moon', retry: false };
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
      const known = reason === 'unreachable' || reason === 'denied' || reason === 'expired' || reason === 'noToken' || reason === 'unsupported' ? reason : 'media';
      // Where only another link helps, there is nothing to try again.
      return { ...playerText.error[known], icon: 'warning', retry: known !== 'expired' && known !== 'noToken' };
    }
  }
}
