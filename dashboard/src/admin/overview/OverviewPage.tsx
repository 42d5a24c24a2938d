import { type ReactNode, useState } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import type { Api, System } from '../api';
import type { Live } from '../live/useLive';
import { routePath, PageLink } from '../navigation';
import { NewChannelDialog } from '../NewChannelDialog';
import type { PlannedEvent } from '../schedule/eventApi';
import { alertsOf } from './alerts';
import { hasSession } from './cardText';
import { ChannelCard } from './ChannelCard';
import { FirstSteps, useFirstSteps } from './FirstSteps';
import { useNextEvents } from './useNextEvents';

interface OverviewPageProps {
  api: Api;
  system: System;
  live: Live;
  go: (url: string) => void;
}

/** The overview page: alerts and all channels. */
export function OverviewPage({ api, system, live, go }: OverviewPageProps) {
  const { events } = useNextEvents(api, live.state.eventsRevision);
  const { steps, hide } = useFirstSteps(api, live.data, events.size > 0, system.role);
  return (
    <Channels api={api} system={system} live={live} events={events} go={go}>
      {steps.length > 0 && <FirstSteps steps={steps} go={go} onHide={hide} />}
    </Channels>
  );
}

/** The page content. Children follow the channel list, so that they do not shift it when they load late. */
export function Channels({
  api,
  system,
  live,
  events,
  go,
  children,
}: OverviewPageProps & { events: Map<string, PlannedEvent>; children?: ReactNode }) {
  const [isCreating, setCreating] = useState(false);
  const canCreate = hasRole(system.role, 'admin');
  const text = adminText.channels;
  const { data, error } = live;
  const issues = live.isHealthKnown ? live.state.issues : {};
  const alerts = alertsOf(data ?? [], issues, events);
  // Channels with a session first, otherwise in the list's order.
  const sorted = [...(data ?? [])].sort((a, b) => Number(hasSession(b)) - Number(hasSession(a)));

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        {canCreate && sorted.length > 0 && (
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
        <div role="status" aria-label={adminText.overview.alertsLabel}>
          <ul className="alerts">
            {alerts.map((alert) => (
              <li key={alert.id} data-severity={alert.severity}>
                <PageLink target={routePath('channels', alert.channel)} current={false} go={go}>
                  {alert.message}
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
          <p>{canCreate ? text.emptyHint : text.emptyHintReader}</p>
          {canCreate && (
            <button type="button" className="button" onClick={() => setCreating(true)}>
              {text.create}
            </button>
          )}
        </div>
      )}
      {sorted.length > 0 && (
        <ul className="cards">
          {sorted.map((channel) => (
            <ChannelCard
              key={channel.name}
              channel={channel}
              issues={issues[channel.name] ?? []}
              isHealthKnown={live.isHealthKnown}
              event={events.get(channel.name)}
              go={go}
            />
          ))}
        </ul>
      )}
      {children}

      {isCreating && (
        <NewChannelDialog
          api={api}
          ladders={system.ladders}
          latencies={system.latencies}
          onCreated={async (channel) => {
            // The channel page looks the channel up in the list.
            await live.refresh();
            go(routePath('channels', channel));
          }}
          onClose={() => setCreating(false)}
        />
      )}
    </>
  );
}
