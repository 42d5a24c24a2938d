import { useState } from 'react';
import { adminText } from '../text';
import type { Api, Channel } from './api';
import { ActionForm, Dialog } from './Dialog';
import { Encoder } from './Encoder';
import { clockText } from './times';

interface ChannelRowProps {
  api: Api;
  channel: Channel;
  rtmp: string;
  mayManage: boolean;
  open: boolean;
  onToggle: () => void;
  onChanged: () => void;
}

/** One channel: what it does, where to watch it, and, opened, how to publish to it. */
export function ChannelRow({ api, channel, rtmp, mayManage, open, onToggle, onChanged }: ChannelRowProps) {
  const [ending, setEnding] = useState(false);
  const text = adminText.channels;
  const state = channel.live?.state ?? 'offline';
  const isOn = state === 'live' || state === 'starting';
  const panel = `channel-${channel.name}`;

  return (
    <li className="channel">
      <div className="channel-line">
        <div className="channel-name">
          <h2>{channel.title || channel.name}</h2>
          <p>
            {channel.title !== '' && <span>{channel.name}</span>}
            <span>{text.latencies[channel.latency] ?? channel.latency}</span>
          </p>
        </div>
        <div className="channel-state">
          <span className="pill" data-pill={state}>
            <span className="dot" aria-hidden="true" />
            {adminText.states[state] ?? state}
          </span>
          {isOn && channel.live?.startedAt && <span className="since">{text.since(clockText(channel.live.startedAt))}</span>}
        </div>
        <div className="channel-actions">
          {mayManage && isOn && (
            <button type="button" className="button quiet" onClick={() => setEnding(true)}>
              {text.end}
            </button>
          )}
          {mayManage && (
            <button type="button" className="button quiet" aria-expanded={open} aria-controls={panel} onClick={onToggle}>
              {text.setUp}
            </button>
          )}
          <a className="button quiet" href={`/watch/${encodeURIComponent(channel.name)}`} target="_blank" rel="noopener" aria-label={text.watchLabel(channel.name)}>
            {text.watch}
          </a>
        </div>
      </div>
      {open && mayManage && (
        <div id={panel} className="channel-panel">
          <Encoder api={api} channel={channel.name} rtmp={rtmp} />
        </div>
      )}
      {ending && (
        <Dialog title={text.endTitle(channel.title || channel.name)} onClose={() => setEnding(false)}>
          <ActionForm
            submit={text.end}
            danger
            onCancel={() => setEnding(false)}
            onSubmit={async () => {
              await api.endBroadcast(channel.name);
              setEnding(false);
              onChanged();
            }}
          >
            {() => <p>{text.endHint}</p>}
          </ActionForm>
        </Dialog>
      )}
    </li>
  );
}
