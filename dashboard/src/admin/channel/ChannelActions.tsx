import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { isOn, stateOf } from '../now/cardWords';
import { goLive, type PlannedEvent } from '../schedule/eventApi';
import { kick } from './channelApi';

interface ChannelActionsProps {
  api: Api;
  channel: Channel;
  event: PlannedEvent | undefined;
  mayManage: boolean;
  onChanged: () => void;
}

/** What can be done with what is on: let it go live, send its encoder away, end it. What hurts is asked for once more. */
export function ChannelActions({ api, channel, event, mayManage, onChanged }: ChannelActionsProps) {
  const [asking, setAsking] = useState<'end' | 'kick' | 'live' | null>(null);
  const text = adminText.channelPage;
  const name = channel.title || channel.name;
  const close = () => setAsking(null);
  const waits = event !== undefined && event.state !== 'live' && (event.state === 'preview' || stateOf(channel) === 'preview');
  const after = async (work: Promise<unknown>) => {
    await work;
    onChanged();
  };

  return (
    <div className="tools">
      {mayManage && waits && (
        <button type="button" className="button" onClick={() => setAsking('live')}>
          {text.goLive}
        </button>
      )}
      {mayManage && (channel.inputs?.length ?? 0) > 0 && (
        <button type="button" className="button quiet" onClick={() => setAsking('kick')}>
          {text.kick}
        </button>
      )}
      {mayManage && isOn(channel) && (
        <button type="button" className="button quiet" onClick={() => setAsking('end')}>
          {adminText.channels.end}
        </button>
      )}
      <a className="button quiet" href={`/watch/${encodeURIComponent(channel.name)}`} target="_blank" rel="noopener" aria-label={adminText.channels.watchLabel(name)}>
        {adminText.channels.watch}
      </a>
      {asking === 'live' && event !== undefined && (
        <Confirm title={text.goLiveTitle(event.title)} hint={text.goLiveHint} submit={text.goLive} danger={false} onConfirm={() => after(goLive(api, event.id))} onClose={close} />
      )}
      {asking === 'kick' && <Confirm title={text.kickTitle(name)} hint={text.kickHint} submit={text.kick} onConfirm={() => after(kick(api, channel.name))} onClose={close} />}
      {asking === 'end' && (
        <Confirm title={adminText.channels.endTitle(name)} hint={adminText.channels.endHint} submit={adminText.channels.end} onConfirm={() => after(api.endBroadcast(channel.name))} onClose={close} />
      )}
    </div>
  );
}
