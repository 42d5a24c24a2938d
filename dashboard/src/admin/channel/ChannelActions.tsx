import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { hasSession, stateOf } from '../overview/cardText';
import { goLive, type PlannedEvent } from '../schedule/eventApi';
import { disconnectEncoders } from './channelApi';

interface ChannelActionsProps {
  api: Api;
  channel: Channel;
  event: PlannedEvent | undefined;
  canManage: boolean;
  onChanged: () => void;
}

/** Actions on the current broadcast: go live, disconnect the encoder, end it. Irreversible ones ask for confirmation. */
export function ChannelActions({ api, channel, event, canManage, onChanged }: ChannelActionsProps) {
  const [openDialog, setOpenDialog] = useState<'end' | 'kick' | 'live' | null>(null);
  const text = adminText.channelPage;
  const name = channel.title || channel.name;
  const close = () => setOpenDialog(null);
  const canGoLive = event !== undefined && event.state !== 'live' && (event.state === 'preview' || stateOf(channel) === 'preview');
  const finish = async (task: Promise<unknown>) => {
    await task;
    onChanged();
  };

  return (
    <div className="tools">
      {canManage && canGoLive && (
        <button type="button" className="button" onClick={() => setOpenDialog('live')}>
          {text.goLive}
        </button>
      )}
      {canManage && (channel.inputs?.length ?? 0) > 0 && (
        <button type="button" className="button secondary" onClick={() => setOpenDialog('kick')}>
          {text.kick}
        </button>
      )}
      {canManage && hasSession(channel) && (
        <button type="button" className="button secondary" onClick={() => setOpenDialog('end')}>
          {adminText.channels.end}
        </button>
      )}
      <a
        className="button secondary"
        href={`/watch/${encodeURIComponent(channel.name)}`}
        target="_blank"
        rel="noopener"
        aria-label={adminText.channels.watchLabel(name)}
      >
        {adminText.channels.watch}
      </a>
      {openDialog === 'live' && event !== undefined && (
        <Confirm
          title={text.goLiveTitle(event.title)}
          hint={text.goLiveHint}
          submit={text.goLive}
          danger={false}
          onConfirm={() => finish(goLive(api, event.id))}
          onClose={close}
        />
      )}
      {openDialog === 'kick' && (
        <Confirm
          title={text.kickTitle(name)}
          hint={text.kickHint}
          submit={text.kick}
          onConfirm={() => finish(disconnectEncoders(api, channel.name))}
          onClose={close}
        />
      )}
      {openDialog === 'end' && (
        <Confirm
          title={adminText.channels.endTitle(name)}
          hint={adminText.channels.endHint}
          submit={adminText.channels.end}
          onConfirm={() => finish(api.endBroadcast(channel.name))}
          onClose={close}
        />
      )}
    </div>
  );
}
