import { adminText } from '../../text';
import type { Channel } from '../api';
import type { HealthIssue } from '../live/liveState';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';
import { stateOf } from './cardText';

/** A problem that needs attention. */
export interface Alert {
  /** Unique id. */
  id: string;
  channel: string;
  severity: 'error' | 'warning';
  message: string;
}

const text = adminText.overview;

/** Alerts, errors first, then by channel. */
export function alertsOf(channels: Channel[], issues: Record<string, HealthIssue[]>, events: Map<string, PlannedEvent>): Alert[] {
  const alerts: Alert[] = [];
  for (const channel of channels) {
    const name = channel.title || channel.name;
    const add = (code: string, severity: Alert['severity'], message: string) =>
      alerts.push({ id: `${channel.name} ${code}`, channel: channel.name, severity, message });
    const event = events.get(channel.name);
    if (stateOf(channel) === 'waiting') add('waiting', 'error', text.alerts.waiting(name));
    if (event?.lateSince) add('late', 'error', text.alerts.late(name, event.title, clockText(event.startsAt)));
    for (const issue of issues[channel.name] ?? [])
      add(issue.code, issue.severity === 'error' ? 'error' : 'warning', text.alerts.issue(name, issue.advice));
    const encoding = channel.encoding;
    if (encoding && stateOf(channel) === 'live') {
      if (encoding.encoder === null) add('encoder', 'error', text.alerts.noEncoder(name));
      else if (encoding.degradationLevel > 0) add('reduced', 'warning', text.alerts.degraded(name, encoding.reason ?? ''));
    }
  }
  return alerts.sort((a, b) => (a.severity === b.severity ? 0 : a.severity === 'error' ? -1 : 1));
}
