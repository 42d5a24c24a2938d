import type { NoticeMessage } from '../Notice';
import { eventPageUrl } from '../viewerPages';
import type { PlannedEvent } from './eventApi';
import { accessText, savedText } from './eventText';

/** The message after an event was saved, with the URL of its page and who can open it. A series has no page. */
export function savedNotice(event: PlannedEvent, channelAccess: string | undefined, origin: string): NoticeMessage {
  if (event.kind === 'series') return { text: savedText(event) };
  const access = accessText(event, channelAccess);
  return { text: access === '' ? savedText(event) : `${savedText(event)} ${access}`, url: eventPageUrl(origin, event.id) };
}
