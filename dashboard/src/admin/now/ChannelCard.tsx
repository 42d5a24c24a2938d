import { adminText } from '../../text';
import type { Channel } from '../api';
import type { HealthIssue } from '../live/liveState';
import { addressOf, PageLink } from '../navigation';
import type { PlannedEvent } from '../schedule/eventApi';
import { clockText } from '../times';
import { encoderWords, eventWords, healthWords, isOn, rateOf, rateText, stateOf, viewersWords } from './cardWords';
import { Poster } from './Poster';
import { StatePill } from './StatePill';

interface ChannelCardProps {
  channel: Channel;
  issues: HealthIssue[];
  /** Whether what is wrong on channels is told. */
  isTold: boolean;
  event: PlannedEvent | undefined;
  go: (address: string) => void;
}

/** One channel at a glance. All of it leads to the channel's page. */
export function ChannelCard({ channel, issues, isTold, event, go }: ChannelCardProps) {
  const text = adminText.now;
  const name = channel.title || channel.name;
  const state = stateOf(channel);
  const health = healthWords(channel, issues, isTold);
  const rate = rateOf(channel);
  const viewers = viewersWords(channel);
  return (
    <li className="card" data-state={state}>
      <Poster channel={channel} event={event} />
      <div className="card-body">
        <div className="card-top">
          <h2>
            <PageLink to={addressOf('channels', channel.name)} current={false} className="card-link" go={go}>
              {name}
            </PageLink>
          </h2>
          <StatePill state={state} />
        </div>
        {isOn(channel) ? (
          <ul className="card-facts">
            {channel.live?.startedAt && <li>{adminText.channels.since(clockText(channel.live.startedAt))}</li>}
            {viewers !== null && <li>{viewers}</li>}
            {rate !== null && <li>{rateText(rate)}</li>}
          </ul>
        ) : (
          <p className="card-quiet">{channel.title === '' ? text.nothingOn : channel.name}</p>
        )}
        {health !== null && (
          <p className="source-state" data-good={health.isGood}>
            {health.words}
          </p>
        )}
        {isOn(channel) && (
          <p className="card-quiet" data-reduced={(channel.encoding?.step ?? 0) > 0}>
            {encoderWords(channel.encoding)}
          </p>
        )}
        {event !== undefined && <p className="card-event">{eventWords(event)}</p>}
      </div>
    </li>
  );
}
