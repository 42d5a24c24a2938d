import { useState } from 'react';
import { adminText } from '../text';
import { mayDo } from './access';
import type { Api, Channel, System } from './api';
import { ChannelSection } from './channel/ChannelSection';
import { ActionForm, Dialog } from './Dialog';
import { Encoder } from './Encoder';
import { EncodingLine } from './EncodingLine';
import { SourceHealth } from './SourceHealth';
import { clockText } from './times';
import { Viewers } from './Viewers';

const posterEveryMs = 10_000;

/** The channel's latest picture; an empty frame of the same size where there is none. The name stands beside it, so it has no text of its own. */
function Poster({ channel, isOn }: { channel: string; isOn: boolean }) {
  // Another address each time that there may be another picture: the list is drawn again whenever it is asked for.
  const turn = isOn ? Math.floor(Date.now() / posterEveryMs) : 0;
  const [missing, setMissing] = useState<number | null>(null);
  return (
    <div className="channel-poster">
      {missing !== turn && (
        <img src={`/live/${encodeURIComponent(channel)}/poster.jpg?at=${turn}`} alt="" width={128} height={72} onError={() => setMissing(turn)} />
      )}
    </div>
  );
}

interface ChannelRowProps {
  api: Api;
  channel: Channel;
  rtmp: string;
  system: System;
  mayManage: boolean;
  open: boolean;
  onToggle: () => void;
  onChanged: () => void;
}

/** One channel: what it does, where to watch it, and, opened, how to publish to it. */
export function ChannelRow({ api, channel, rtmp, system, mayManage, open, onToggle, onChanged }: ChannelRowProps) {
  const [ending, setEnding] = useState(false);
  const text = adminText.channels;
  const state = channel.live?.state ?? 'offline';
  const isOn = state === 'live' || state === 'starting' || state === 'preview';
  const panel = `channel-${channel.name}`;

  return (
    <li className="channel">
      <div className="channel-line">
        <Poster channel={channel.name} isOn={isOn} />
        <div className="channel-name">
          <h2>{channel.title || channel.name}</h2>
          <p>
            {channel.title !== '' && <span>{channel.name}</span>}
            <span>{text.latencies[channel.latency] ?? channel.latency}</span>
            {channel.rewind !== 'off' && <span>{text.rewind(channel.rewind)}</span>}
            {channel.record === false && <span>{text.notRecorded}</span>}
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
      {isOn && <SourceHealth api={api} channel={channel.name} />}
      {isOn && channel.encoding && <EncodingLine encoding={channel.encoding} />}
      {open && mayManage && (
        <div id={panel} className="channel-panel">
          <Encoder api={api} channel={channel.name} rtmp={rtmp} />
          <Viewers api={api} channel={channel} accesses={system.accesses ?? []} onChanged={onChanged} />
          <ChannelSection api={api} channel={channel} system={system} mayDelete={mayDo(system.role, 'admin')} onChanged={onChanged} />
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
