import { adminText } from '../../text';
import type { ActivityEntry } from './channelApi';

const text = adminText.channelPage.activity;

/** An activity entry as a sentence. Unknown types show their name. */
export function activityText(entry: ActivityEntry): string {
  const { data } = entry;
  const valueOf = (member: string) => (data[member] === undefined || data[member] === null ? '' : String(data[member]));
  switch (entry.type) {
    case 'session.started':
      return text.sessionStarted;
    case 'session.ended':
      return text.sessionEnded(valueOf('reason'));
    case 'publish.started':
      return text.encoderConnected(inputName(valueOf('input')), data.continued === true);
    case 'publish.stopped':
      return text.encoderDisconnected(inputName(valueOf('input')), valueOf('reason'));
    case 'input.lost':
      return text.inputLost;
    case 'input.back':
      return text.inputRestored(valueOf('seconds') === '' ? null : Number(valueOf('seconds')));
    case 'health.issue':
      return valueOf('advice') || valueOf('code');
    case 'recording.ready':
      return text.recordingReady(valueOf('title'));
    case 'event.late':
      return text.eventLate(valueOf('title'));
    case 'target.live':
      return text.targetLive(valueOf('target'));
    case 'target.lost':
      return text.targetLost(valueOf('target'), valueOf('reason'));
    case 'target.rejected':
      return text.targetRejected(valueOf('target'), valueOf('reason'));
    case 'audit':
      return text.changedBy(text.actions[valueOf('action')] ?? valueOf('action'), actorName(entry.actor));
    default:
      return entry.type.startsWith('event.')
        ? text.event(valueOf('title'), adminText.schedule.states[entry.type.slice(6)] ?? entry.type.slice(6), valueOf('reason'))
        : entry.type;
  }
}

/** The category of an entry, for its marker. */
export function activityKind(entry: ActivityEntry): 'session' | 'encoder' | 'problem' | 'event' | 'recording' | 'change' {
  const { type } = entry;
  if (type === 'audit') return 'change';
  if (type === 'health.issue' || type === 'input.lost' || type === 'event.late' || isTargetProblem(type)) return 'problem';
  if (type.startsWith('session.')) return 'session';
  if (type.startsWith('event.')) return 'event';
  return type.startsWith('recording.') ? 'recording' : 'encoder';
}

function isTargetProblem(type: string): boolean {
  return type === 'target.lost' || type === 'target.rejected';
}

function inputName(input: string): string {
  return text.inputs[input] ?? input;
}

/** The name in `user/jane Jane Doe`. */
export function actorName(actor: string | null): string {
  const [actorId = '', ...name] = (actor ?? '').split(' ');
  const [kind = '', id = ''] = actorId.split('/');
  return name.join(' ') || (kind === 'user' ? id : (text.actors[kind] ?? kind));
}
