import { adminText } from '../../text';
import type { Happening } from './channelApi';

const text = adminText.channelPage.timeline;

/** What happened, in a sentence; what is not known is told by its name. */
export function happeningWords(happening: Happening): string {
  const { data } = happening;
  const of = (member: string) => (data[member] === undefined || data[member] === null ? '' : String(data[member]));
  switch (happening.type) {
    case 'session.started':
      return text.sessionStarted;
    case 'session.ended':
      return text.sessionEnded(of('reason'));
    case 'publish.started':
      return text.encoderCame(inputWord(of('input')), data.continued === true);
    case 'publish.stopped':
      return text.encoderWent(inputWord(of('input')), of('reason'));
    case 'input.lost':
      return text.inputLost;
    case 'input.back':
      return text.inputBack(of('seconds') === '' ? null : Number(of('seconds')));
    case 'health.issue':
      return of('advice') || of('code');
    case 'recording.ready':
      return text.recordingReady(of('title'));
    case 'event.late':
      return text.eventLate(of('title'));
    case 'audit':
      return text.changed(text.actions[of('action')] ?? of('action'), actorWord(happening.actor));
    default:
      return happening.type.startsWith('event.') ? text.event(of('title'), adminText.schedule.states[happening.type.slice(6)] ?? happening.type.slice(6), of('reason')) : happening.type;
  }
}

/** What kind of thing it was: for its mark. */
export function happeningKind(happening: Happening): 'session' | 'encoder' | 'problem' | 'event' | 'recording' | 'change' {
  const { type } = happening;
  if (type === 'audit') return 'change';
  if (type === 'health.issue' || type === 'input.lost' || type === 'event.late') return 'problem';
  if (type.startsWith('session.')) return 'session';
  if (type.startsWith('event.')) return 'event';
  return type.startsWith('recording.') ? 'recording' : 'encoder';
}

function inputWord(input: string): string {
  return text.inputs[input] ?? input;
}

/** `user/jane Jane Doe` as people say it. */
export function actorWord(actor: string | null): string {
  const [who = '', ...name] = (actor ?? '').split(' ');
  const [kind = '', id = ''] = who.split('/');
  return name.join(' ') || (kind === 'user' ? id : (text.actors[kind] ?? kind));
}
