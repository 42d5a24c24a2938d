import type { Said } from '../Notice';
import { eventPageAddress } from '../viewerPages';
import type { PlannedEvent } from './eventApi';
import { guardWords, plannedWords } from './eventWords';

/** What is told when an event was planned or changed: with the address of its page, and who gets in there. A series has none: each of its events has. */
export function plannedSaid(event: PlannedEvent, channelAccess: string | undefined, origin: string): Said {
  if (event.kind === 'series') return { words: plannedWords(event) };
  const guard = guardWords(event, channelAccess);
  return { words: guard === '' ? plannedWords(event) : `${plannedWords(event)} ${guard}`, address: eventPageAddress(origin, event.id) };
}
