import { useState } from 'react';
import { adminText } from '../text';
import { mayDo } from './access';
import type { Api, Channel, System } from './api';
import { ChannelRow } from './ChannelRow';
import { NewChannelDialog } from './NewChannelDialog';
import type { Polled } from './usePolled';

interface ChannelsProps {
  api: Api;
  system: System;
  channels: Polled<Channel[]>;
  rtmp: string;
}

/** The list of channels with what each is doing. */
export function Channels({ api, system, channels, rtmp }: ChannelsProps) {
  const [creating, setCreating] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const mayCreate = mayDo(system.role, 'admin');
  const text = adminText.channels;
  const { data, error } = channels;

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        {mayCreate && data !== null && data.length > 0 && (
          <button type="button" className="button" onClick={() => setCreating(true)}>
            {text.create}
          </button>
        )}
      </div>

      {error !== null && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
      {data === null && error === null && <ChannelSkeleton />}
      {data?.length === 0 && (
        <div className="empty">
          <p className="empty-title">{text.empty}</p>
          <p>{mayCreate ? text.emptyHint : text.emptyHintReader}</p>
          {mayCreate && (
            <button type="button" className="button" onClick={() => setCreating(true)}>
              {text.create}
            </button>
          )}
        </div>
      )}
      {data !== null && data.length > 0 && (
        <ul className="channels">
          {data.map((channel) => (
            <ChannelRow
              key={channel.name}
              api={api}
              channel={channel}
              rtmp={rtmp}
              system={system}
              mayManage={mayDo(system.role, 'producer')}
              open={open === channel.name}
              onToggle={() => setOpen(open === channel.name ? null : channel.name)}
              onChanged={channels.refresh}
            />
          ))}
        </ul>
      )}

      {creating && (
        <NewChannelDialog api={api} ladders={system.ladders} latencies={system.latencies} channels={data ?? []} rtmp={rtmp} onCreated={channels.refresh} onClose={() => setCreating(false)} />
      )}
    </>
  );
}

function ChannelSkeleton() {
  return (
    <div className="channels" role="status" aria-label={adminText.loading}>
      <div className="channel skeleton" />
      <div className="channel skeleton" />
    </div>
  );
}
