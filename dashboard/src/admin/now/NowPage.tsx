import { type ReactNode, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, System } from '../api';
import type { Live } from '../live/useLive';
import { addressOf, PageLink } from '../navigation';
import { NewChannelDialog } from '../NewChannelDialog';
import type { PlannedEvent } from '../schedule/eventApi';
import { alertsOf } from './alerts';
import { isOn } from './cardWords';
import { ChannelCard } from './ChannelCard';
import { FirstSteps, useFirstSteps } from './FirstSteps';
import { useNextEvents } from './useNextEvents';

interface NowPageProps {
  api: Api;
  system: System;
  live: Live;
  go: (address: string) => void;
}

/** All channels at a glance, and above them what somebody should look at. */
export function NowPage({ api, system, live, go }: NowPageProps) {
  const { events } = useNextEvents(api, live.state.events);
  const { steps, hide } = useFirstSteps(api, live.data, events.size > 0, system.role);
  return (
    <Channels api={api} system={system} live={live} events={events} go={go}>
      {steps.length > 0 && <FirstSteps steps={steps} go={go} onHide={hide} />}
    </Channels>
  );
}

/** The page as it is drawn, with the events that are known; children stand below the channels, which they do not push when they come late. */
export function Channels({ api, system, live, events, go, children }: NowPageProps & { events: Map<string, PlannedEvent>; children?: ReactNode }) {
  const [creating, setCreating] = useState(false);
  const mayCreate = mayDo(system.role, 'admin');
  const text = adminText.channels;
  const { data, error } = live;
  const issues = live.isTold ? live.state.issues : {};
  const alerts = alertsOf(data ?? [], issues, events);
  // What is on comes first; within that the order of names stays.
  const sorted = [...(data ?? [])].sort((one, other) => Number(isOn(other)) - Number(isOn(one)));

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        {mayCreate && sorted.length > 0 && (
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
      {alerts.length > 0 && (
        <div role="status" aria-label={adminText.now.alertsLabel}>
          <ul className="alerts">
            {alerts.map((alert) => (
              <li key={alert.id} data-severity={alert.severity}>
                <PageLink to={addressOf('channels', alert.channel)} current={false} go={go}>
                  {alert.words}
                </PageLink>
              </li>
            ))}
          </ul>
        </div>
      )}
      {data === null && error === null && (
        <div className="cards" role="status" aria-label={adminText.loading}>
          <div className="card skeleton" />
          <div className="card skeleton" />
        </div>
      )}
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
      {sorted.length > 0 && (
        <ul className="cards">
          {sorted.map((channel) => (
            <ChannelCard key={channel.name} channel={channel} issues={issues[channel.name] ?? []} isTold={live.isTold} event={events.get(channel.name)} go={go} />
          ))}
        </ul>
      )}
      {children}

      {creating && (
        <NewChannelDialog
          api={api}
          ladders={system.ladders}
          latencies={system.latencies}
          onCreated={async (channel) => {
            // Its page looks for it in the list.
            await live.refresh();
            go(addressOf('channels', channel));
          }}
          onClose={() => setCreating(false)}
        />
      )}
    </>
  );
}
