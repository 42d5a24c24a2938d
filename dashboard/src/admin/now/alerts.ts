import { adminText } from '../../text';
import type { Channel } from '../api';
import type { HealthIssue } from '../live/liveState';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';
import { stateOf } from './cardWords';

/** Something that somebody should look at now. */
export interface Alert {
  /** Tells it from others. */
  id: string;
  channel: string;
  severity: 'error' | 'warning';
  words: string;
}

const text = adminText.now;

/** What somebody should look at, the gravest first, then by channel. */
export function alertsOf(channels: Channel[], issues: Record<string, HealthIssue[]>, events: Map<string, PlannedEvent>): Alert[] {
  const all: Alert[] = [];
  for (const channel of channels) {
    const name = channel.title || channel.name;
    const add = (code: string, severity: Alert['severity'], words: string) => all.push({ id: `${channel.name} ${code}`, channel: channel.name, severity, words });
    const event = events.get(channel.name);
    if (stateOf(channel) === 'waiting') add('waiting', 'error', text.alerts.waiting(name));
    if (event?.lateSince) add('late', 'error', text.alerts.late(name, event.title, clockText(event.startsAt)));
    for (const issue of issues[channel.name] ?? []) add(issue.code, issue.severity === 'error' ? 'error' : 'warning', text.alerts.issue(name, issue.advice));
    const encoding = channel.encoding;
    if (encoding && stateOf(channel) === 'live') {
      if (encoding.encoder === null) add('encoder', 'error', text.alerts.noEncoder(name));
      else if (encoding.step > 0) add('reduced', 'warning', text.alerts.reduced(name, encoding.reason ?? ''));
    }
  }
  return all.sort((one, other) => (one.severity === other.severity ? 0 : one.severity === 'error' ? -1 : 1));
}
