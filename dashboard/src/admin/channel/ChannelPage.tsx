import './channel.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import type { Api, Channel, System } from '../api';
import { ChatSection } from '../chat/ChatSection';
import { StreamKeys } from '../StreamKeys';
import type { Live } from '../live/useLive';
import { routePath, PageLink } from '../navigation';
import { eventText, hasSession, stateOf, viewersText } from '../overview/cardText';
import { StatePill } from '../overview/StatePill';
import { useNextEvents } from '../overview/useNextEvents';
import { SourceHealth } from '../SourceHealth';
import { clockText } from '../times';
import { viewerPageOrigin } from '../viewerPages';
import { ViewerAccess } from '../ViewerAccess';
import { ChannelActions } from './ChannelActions';
import { createConnectKey } from './channelApi';
import { ChannelSection } from './ChannelSection';
import { ConnectPanel } from './ConnectPanel';
import { EncodingSection } from './EncodingSection';
import { storedKey, storeKey } from './pageSecrets';
import { Preview } from './Preview';
import { ShareSection } from './ShareSection';
import { ActivitySection } from './ActivitySection';
import { TargetsSection } from './TargetsSection';

const ChartsSection = lazy(() => import('./charts/ChartsSection').then((module) => ({ default: module.ChartsSection })));

interface ChannelPageProps {
  api: Api;
  system: System;
  live: Live;
  rtmp: string;
  name: string;
  go: (url: string) => void;
}

/** The channel page: preview, stream health, activity and settings. */
export function ChannelPage({ api, system, live, rtmp, name, go }: ChannelPageProps) {
  const channel = live.data?.find((other) => other.name === name);
  const { events, isKnown } = useNextEvents(api, live.state.eventsRevision);
  const text = adminText.channelPage;

  useEffect(() => {
    document.title = adminText.pages.title(channel?.title || name);
  }, [channel?.title, name]);

  return (
    <>
      <p className="back">
        <PageLink target={routePath('overview')} current={false} className="link" go={go}>
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
          <p className="empty-title">{text.notFound}</p>
          <p>{text.notFoundHint}</p>
        </div>
      )}
      {channel !== undefined && (
        <ChannelDetails
          key={name}
          api={api}
          system={system}
          channel={channel}
          rtmp={rtmp}
          event={events.get(name)}
          isEventKnown={isKnown}
          activityRevision={live.state.activityRevisions[name] ?? 0}
          chatRevision={live.state.chatRevisions[name] ?? 0}
          onChanged={live.refresh}
          go={go}
        />
      )}
    </>
  );
}

interface ChannelDetailsProps {
  api: Api;
  system: System;
  channel: Channel;
  rtmp: string;
  event: Parameters<typeof ChannelActions>[0]['event'];
  isEventKnown: boolean;
  activityRevision: number;
  chatRevision: number;
  onChanged: () => void;
  go: (url: string) => void;
}

function ChannelDetails(props: ChannelDetailsProps) {
  const { api, system, channel, rtmp, event, isEventKnown, activityRevision, chatRevision, onChanged, go } = props;
  const text = adminText.channelPage;
  const state = stateOf(channel);
  const canManage = hasRole(system.role, 'producer');
  const connectPanel = useConnectPanel(channel.name, hasSession(channel));
  // Remounts the key list after a key was created: the stored key does not trigger a render.
  const [keyRevision, setKeyRevision] = useState(0);
  // After the end, the count is outdated.
  const viewers = hasSession(channel) ? viewersText(channel) : null;
  return (
    <>
      <div className="channel-head">
        <div className="channel-name">
          <h1>{channel.title || channel.name}</h1>
          <p className="channel-facts">
            <StatePill state={state} />
            {hasSession(channel) && channel.live?.startedAt && <span>{adminText.channels.since(clockText(channel.live.startedAt))}</span>}
            {viewers !== null && <span>{viewers}</span>}
            <span>{adminText.channels.latencies[channel.latency] ?? channel.latency}</span>
            {channel.dvrWindow !== 'off' && <span>{adminText.channels.dvrWindow(channel.dvrWindow)}</span>}
            {channel.record === false && <span>{adminText.channels.notRecorded}</span>}
            {event !== undefined && <span>{eventText(event)}</span>}
          </p>
        </div>
        <ChannelActions api={api} channel={channel} event={event} canManage={canManage} onChanged={onChanged} />
      </div>
      {state === 'ended' && (
        <p className="channel-ended">
          {text.ended}{' '}
          {channel.record !== false && (
            <PageLink target={routePath('recordings')} current={false} className="link" go={go}>
              {text.openRecordings}
            </PageLink>
          )}
        </p>
      )}
      {canManage && connectPanel.isShown && (
        <ConnectPanel
          rtmp={rtmp}
          streamKey={storedKey(channel.name)}
          state={state}
          onCreateKey={async () => {
            storeKey(channel.name, await createConnectKey(api, channel.name, new Date()));
            setKeyRevision((count) => count + 1);
          }}
          onClose={connectPanel.close}
        />
      )}
      <div className="channel-main">
        <Preview api={api} channel={channel} event={event} isEventKnown={isEventKnown} canManage={canManage} />
        <div className="channel-side">
          {hasSession(channel) && (
            <section className="block" aria-labelledby="source-title">
              <h2 id="source-title">{text.source.title}</h2>
              <SourceHealth api={api} channel={channel.name} />
            </section>
          )}
          <EncodingSection encoding={channel.encoding} />
          <ShareSection channel={channel} origin={viewerPageOrigin(system, window.location.origin)} canManage={canManage} />
        </div>
      </div>
      <Suspense fallback={<p role="status">{adminText.loading}</p>}>
        <ChartsSection api={api} channel={channel.name} canReadActivity={canManage} />
      </Suspense>
      {canManage && <TargetsSection api={api} channel={channel} revision={activityRevision} />}
      {hasRole(system.role, 'moderator') && (
        <ChatSection
          api={api}
          channel={channel.name}
          origin={viewerPageOrigin(system, window.location.origin)}
          canManage={canManage}
          revision={chatRevision}
        />
      )}
      {canManage && <ActivitySection api={api} channel={channel.name} revision={activityRevision} />}
      {canManage && (
        <section className="block" aria-labelledby="settings-title">
          <h2 id="settings-title">{text.settings}</h2>
          <div className="channel-panel">
            <StreamKeys
              key={keyRevision}
              api={api}
              channel={channel.name}
              rtmp={rtmp}
              hideServer={connectPanel.isShown && !hasSession(channel)}
            />
            <ViewerAccess api={api} channel={channel} accesses={system.accesses ?? []} onChanged={onChanged} />
            <ChannelSection api={api} channel={channel} system={system} canDelete={hasRole(system.role, 'admin')} onChanged={onChanged} />
          </div>
        </section>
      )}
    </>
  );
}

/** Whether the page shows how to connect: while offline, and then until the user dismisses it. */
function useConnectPanel(name: string, isLive: boolean): { isShown: boolean; close: () => void } {
  const [isOpen, setOpen] = useState(!isLive);
  useEffect(() => {
    if (!isLive) setOpen(true);
  }, [name, isLive]);
  return { isShown: isOpen, close: () => setOpen(false) };
}
