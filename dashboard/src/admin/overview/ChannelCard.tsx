import { adminText } from '../../text';
import type { Channel } from '../api';
import type { HealthIssue } from '../live/liveState';
import { routePath, PageLink } from '../navigation';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';
import { encodingText, eventText, healthText, hasSession, bitrateOf, bitrateText, stateOf, viewersText } from './cardText';
import { Poster } from './Poster';
import { StatePill } from './StatePill';

interface ChannelCardProps {
  channel: Channel;
  issues: HealthIssue[];
  /** Whether health issues are known. */
  isHealthKnown: boolean;
  event: PlannedEvent | undefined;
  go: (url: string) => void;
}

/** Summary of a channel, linked to its page. */
export function ChannelCard({ channel, issues, isHealthKnown, event, go }: ChannelCardProps) {
  const text = adminText.overview;
  const name = channel.title || channel.name;
  const state = stateOf(channel);
  const health = healthText(channel, issues, isHealthKnown);
  const bitrate = bitrateOf(channel);
  const viewers = viewersText(channel);
  return (
    <li className="card" data-state={state}>
      <Poster channel={channel} event={event} />
      <div className="card-body">
        <div className="card-top">
          <h2>
            <PageLink target={routePath('channels', channel.name)} current={false} className="card-link" go={go}>
              {name}
            </PageLink>
          </h2>
          <StatePill state={state} />
        </div>
        {hasSession(channel) ? (
          <ul className="card-facts">
            {channel.live?.startedAt && <li>{adminText.channels.since(clockText(channel.live.startedAt))}</li>}
            {viewers !== null && <li>{viewers}</li>}
            {bitrate !== null && <li>{bitrateText(bitrate)}</li>}
          </ul>
        ) : (
          <p className="card-muted">{channel.title === '' ? text.notLive : channel.name}</p>
        )}
        {health !== null && (
          <p className="source-state" data-healthy={health.isHealthy}>
            {health.label}
          </p>
        )}
        {hasSession(channel) && (
          <p className="card-muted" data-reduced={(channel.encoding?.degradationLevel ?? 0) > 0}>
            {encodingText(channel.encoding)}
          </p>
        )}
        {event !== undefined && <p className="card-event">{eventText(event)}</p>}
      </div>
    </li>
  );
}
