import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import type { Api, Channel } from '../api';
import { hasSession } from '../channel/channelApi';
import { routePath, PageLink } from '../navigation';
import { hasRecordings } from '../recordings/recordingApi';
import { listEvents } from '../schedule/eventApi';
import { stateOf } from './cardText';

/** A step of the set-up of a new server. */
export interface Step {
  name: 'connect' | 'plan' | 'users';
  target: string;
  isDone: boolean;
}

/** What was done on a server before. */
export interface ServerHistory {
  /** Whether an encoder ever connected: a recording or session exists. */
  hadBroadcast: boolean;
  /** Whether an event was ever created. */
  hasEvents: boolean;
}

const key = 'broadcast.steps';
// A server with more channels is not new.
const maxChannelsChecked = 10;

/** Loads the server's history: recordings, events in any state, and sessions. Fails if any request fails. */
export async function fetchHistory(api: Api, channels: readonly Channel[]): Promise<ServerHistory> {
  const [isRecorded, events] = await Promise.all([hasRecordings(api), listEvents(api, { limit: 1 })]);
  return { hadBroadcast: isRecorded || (await hadAnyBroadcast(api, channels)), hasEvents: events.length > 0 };
}

// Sequential: the first match suffices. Unrecorded broadcasts still have a session.
async function hadAnyBroadcast(api: Api, channels: readonly Channel[]): Promise<boolean> {
  if (channels.length > maxChannelsChecked) return true;
  for (const channel of channels) {
    if (stateOf(channel) !== 'offline' || (await hasSession(api, channel.name))) return true;
  }
  return false;
}

/**
 * The open steps in order. Empty if all are done, the role is insufficient, no channel exists, or this device did not see the new server.
 */
export function firstSteps(channels: readonly Channel[], history: ServerHistory, role: string, wasShown: boolean): Step[] {
  const firstChannel = channels[0];
  if (firstChannel === undefined || !hasRole(role, 'producer')) return [];
  if (!wasShown && (history.hadBroadcast || history.hasEvents)) return [];
  const hadBroadcast = history.hadBroadcast || channels.some((channel) => stateOf(channel) !== 'offline');
  if (hadBroadcast && history.hasEvents) return [];
  const steps: Step[] = [
    { name: 'connect', target: routePath('channels', firstChannel.name), isDone: hadBroadcast },
    { name: 'plan', target: routePath('schedule'), isDone: history.hasEvents },
  ];
  return hasRole(role, 'admin') ? [...steps, { name: 'users', target: routePath('settings', 'users'), isDone: false }] : steps;
}

interface FirstStepsProps {
  steps: readonly Step[];
  go: (url: string) => void;
  onHide: () => void;
}

/** Steps of the set-up of a new server, until they are done or dismissed. */
export function FirstSteps({ steps, go, onHide }: FirstStepsProps) {
  const text = adminText.overview.steps;
  return (
    <section className="block first-steps" aria-labelledby="steps-title">
      <div className="panel-top">
        <h2 id="steps-title">{text.title}</h2>
        <button type="button" className="button secondary" onClick={onHide}>
          {text.hide}
        </button>
      </div>
      <ol>
        {steps.map((step) => (
          <li key={step.name} data-done={step.isDone}>
            <span className="step-mark" aria-hidden="true" />
            <div>
              <PageLink target={step.target} current={false} className="link" go={go}>
                {text[step.name].name}
              </PageLink>
              {step.isDone && <span className="field-hint"> {text.done}</span>}
              <p className="field-hint">{text[step.name].hint}</p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The steps to show, and a function that hides them on this device. `channels` is null until loaded. */
export function useFirstSteps(
  api: Api,
  channels: readonly Channel[] | null,
  hasNext: boolean,
  role: string,
): { steps: Step[]; hide: () => void } {
  const [visibility, setVisibility] = useState(readVisibility);
  const [history, setHistory] = useState<ServerHistory | null>(null);
  const isEligible = visibility !== 'hidden' && hasRole(role, 'producer') && channels !== null && channels.length > 0;
  const latestChannels = useRef(channels);
  latestChannels.current = channels;

  useEffect(() => {
    if (!isEligible) return undefined;
    let isMounted = true;
    fetchHistory(api, latestChannels.current ?? []).then(
      (fetched) => isMounted && setHistory(fetched),
      // Show no steps if the history is unknown.
      () => undefined,
    );
    return () => {
      isMounted = false;
    };
  }, [api, isEligible]);

  // Steps that are completed while shown stay completed.
  const isOnNow = channels?.some((channel) => stateOf(channel) !== 'offline') ?? false;
  useEffect(() => {
    if (history !== null && ((isOnNow && !history.hadBroadcast) || (hasNext && !history.hasEvents)))
      setHistory({ hadBroadcast: history.hadBroadcast || isOnNow, hasEvents: history.hasEvents || hasNext });
  }, [history, isOnNow, hasNext]);

  const next = nextVisibility(visibility, channels, history, role);
  useEffect(() => {
    if (next === null || next === visibility) return;
    setVisibility(next);
    storeVisibility(next);
  }, [next, visibility]);

  function hide() {
    setVisibility('hidden');
    storeVisibility('hidden');
  }

  return { steps: isEligible && history !== null ? firstSteps(channels, history, role, visibility === 'shown') : [], hide };
}

/** What this device stores: steps are shown until done, or hidden. */
export type StepsVisibility = 'shown' | 'hidden' | null;

/** The visibility to store. A device that saw the server without channels continues to show the steps. */
export function nextVisibility(
  visibility: StepsVisibility,
  channels: readonly Channel[] | null,
  history: ServerHistory | null,
  role: string,
): StepsVisibility {
  if (visibility === 'hidden' || channels === null || !hasRole(role, 'producer')) return visibility;
  if (channels.length === 0) return 'shown';
  if (history === null) return visibility;
  return firstSteps(channels, history, role, visibility === 'shown').length > 0 ? 'shown' : 'hidden';
}

function readVisibility(): StepsVisibility {
  try {
    const visibility = localStorage.getItem(key);
    return visibility === 'shown' || visibility === 'hidden' ? visibility : null;
  } catch {
    return null;
  }
}

function storeVisibility(visibility: 'shown' | 'hidden'): void {
  try {
    localStorage.setItem(key, visibility);
  } catch {
    // Not persisted without storage.
  }
}
