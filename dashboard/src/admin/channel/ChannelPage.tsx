import './channel.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel, System } from '../api';
import { Encoder } from '../Encoder';
import type { Live } from '../live/useLive';
import { addressOf, PageLink } from '../navigation';
import { eventWords, isOn, stateOf, viewersWords } from '../now/cardWords';
import { StatePill } from '../now/StatePill';
import { useNextEvents } from '../now/useNextEvents';
import { SourceHealth } from '../SourceHealth';
import { clockText } from '../times';
import { viewerOrigin } from '../viewerPages';
import { Viewers } from '../Viewers';
import { ChannelActions } from './ChannelActions';
import { connectKey } from './channelApi';
import { ChannelSection } from './ChannelSection';
import { ConnectPanel } from './ConnectPanel';
import { EncodingSection } from './EncodingSection';
import { freshKey, rememberKey } from './kept';
import { Preview } from './Preview';
import { ShareSection } from './ShareSection';
import { TimelineSection } from './TimelineSection';

const ChartsSection = lazy(() => import('./charts/ChartsSection').then((module) => ({ default: module.ChartsSection })));

interface ChannelPageProps {
  api: Api;
  system: System;
  live: Live;
  rtmp: string;
  name: string;
  go: (address: string) => void;
}

/** Everything about one channel: what it shows, how it does, what happened, and what can be changed of it. */
export function ChannelPage({ api, system, live, rtmp, name, go }: ChannelPageProps) {
  const channel = live.data?.find((other) => other.name === name);
  const { events, isKnown } = useNextEvents(api, live.state.events);
  const text = adminText.channelPage;

  useEffect(() => {
    document.title = adminText.pages.title(channel?.title || name);
  }, [channel?.title, name]);

  return (
    <>
      <p className="back">
        <PageLink to={addressOf('now')} current={false} className="link" go={go}>
          {text.back}
        </PageLink>
      </p>
      {live.error !== null && (
        <p className="problem" role="alert">
          {live.error.message}
        </p>
      )}
      {live.data === null && live.error === null && <p role="status">{adminText.loading}</p>}
      {live.data !== null && channel === undefined && (
        <div className="empty">
          <p className="empty-title">{text.missing}</p>
          <p>{text.missingHint}</p>
        </div>
      )}
      {channel !== undefined && (
        <OneChannel
          key={name}
          api={api}
          system={system}
          channel={channel}
          rtmp={rtmp}
          event={events.get(name)}
          isEventKnown={isKnown}
          happened={live.state.happened[name] ?? 0}
          onChanged={live.refresh}
          go={go}
        />
      )}
    </>
  );
}

interface OneChannelProps {
  api: Api;
  system: System;
  channel: Channel;
  rtmp: string;
  event: Parameters<typeof ChannelActions>[0]['event'];
  isEventKnown: boolean;
  happened: number;
  onChanged: () => void;
  go: (address: string) => void;
}

function OneChannel({ api, system, channel, rtmp, event, isEventKnown, happened, onChanged, go }: OneChannelProps) {
  const text = adminText.channelPage;
  const state = stateOf(channel);
  const mayManage = mayDo(system.role, 'producer');
  const connecting = useConnecting(channel.name, isOn(channel));
  // Read anew when one was made: what is kept of a key tells nobody of it.
  const [made, setMade] = useState(0);
  // After the end it is the last number, or 0: of no interest.
  const viewers = isOn(channel) ? viewersWords(channel) : null;
  return (
    <>
      <div className="channel-head">
        <div className="channel-name">
          <h1>{channel.title || channel.name}</h1>
          <p className="channel-facts">
            <StatePill state={state} />
            {isOn(channel) && channel.live?.startedAt && <span>{adminText.channels.since(clockText(channel.live.startedAt))}</span>}
            {viewers !== null && <span>{viewers}</span>}
            <span>{adminText.channels.latencies[channel.latency] ?? channel.latency}</span>
            {channel.rewind !== 'off' && <span>{adminText.channels.rewind(channel.rewind)}</span>}
            {channel.record === false && <span>{adminText.channels.notRecorded}</span>}
            {event !== undefined && <span>{eventWords(event)}</span>}
          </p>
        </div>
        <ChannelActions api={api} channel={channel} event={event} mayManage={mayManage} onChanged={onChanged} />
      </div>
      {state === 'ended' && (
        <p className="channel-over">
          {text.over}{' '}
          {channel.record !== false && (
            <PageLink to={addressOf('recordings')} current={false} className="link" go={go}>
              {text.overRecording}
            </PageLink>
          )}
        </p>
      )}
      {mayManage && connecting.isShown && (
        <ConnectPanel
          rtmp={rtmp}
          streamKey={freshKey(channel.name)}
          state={state}
          onMakeKey={async () => {
            rememberKey(channel.name, await connectKey(api, channel.name, new Date()));
            setMade((count) => count + 1);
          }}
          onDone={connecting.done}
        />
      )}
      <div className="channel-main">
        <Preview api={api} channel={channel} event={event} isEventKnown={isEventKnown} mayManage={mayManage} />
        <div className="channel-beside">
          {isOn(channel) && (
            <section className="block" aria-labelledby="source-title">
              <h2 id="source-title">{text.source.title}</h2>
              <SourceHealth api={api} channel={channel.name} />
            </section>
          )}
          <EncodingSection encoding={channel.encoding} />
          <ShareSection channel={channel} origin={viewerOrigin(system, window.location.origin)} mayManage={mayManage} />
        </div>
      </div>
      <Suspense fallback={<p role="status">{adminText.loading}</p>}>
        <ChartsSection api={api} channel={channel.name} />
      </Suspense>
      {mayManage && <TimelineSection api={api} channel={channel.name} happened={happened} />}
      {mayManage && (
        <section className="block" aria-labelledby="settings-title">
          <h2 id="settings-title">{text.settings}</h2>
          <div className="channel-panel">
            <Encoder key={made} api={api} channel={channel.name} rtmp={rtmp} keysOnly={connecting.isShown && !isOn(channel)} />
            <Viewers api={api} channel={channel} accesses={system.accesses ?? []} onChanged={onChanged} />
            <ChannelSection api={api} channel={channel} system={system} mayDelete={mayDo(system.role, 'admin')} onChanged={onChanged} />
          </div>
        </section>
      )}
    </>
  );
}

/** Whether the page says how to connect: while nothing is on, and then until somebody has seen that it worked. */
function useConnecting(name: string, on: boolean): { isShown: boolean; done: () => void } {
  const [waited, setWaited] = useState(!on);
  useEffect(() => {
    if (!on) setWaited(true);
  }, [name, on]);
  return { isShown: waited, done: () => setWaited(false) };
}
