import { useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel } from '../api';
import { hadSession } from '../channel/channelApi';
import { addressOf, PageLink } from '../navigation';
import { anyRecording } from '../recordings/recordingApi';
import { listEvents } from '../schedule/eventApi';
import { stateOf } from './cardWords';

/** One thing to do on a new server: where, and whether it was done. */
export interface Step {
  name: 'connect' | 'plan' | 'people';
  to: string;
  isDone: boolean;
}

/** What is known of a server's past. */
export interface Past {
  /** Whether an encoder was ever there: something was recorded, or a broadcast is known. */
  wasOn: boolean;
  /** Whether anything was ever planned, whatever became of it. */
  hasEvents: boolean;
}

const key = 'broadcast.steps';
// With more channels than that a server is not new.
const mostAsked = 10;

/** Asks for a server's past: whether there is a recording, an event in any state, or a broadcast of one of its channels. Fails where any of it cannot be told. */
export async function askPast(api: Api, channels: readonly Channel[]): Promise<Past> {
  const [isRecorded, events] = await Promise.all([anyRecording(api), listEvents(api, { limit: 1 })]);
  return { wasOn: isRecorded || (await wereOn(api, channels)), hasEvents: events.length > 0 };
}

// One after another: the first that was on says enough. What is not recorded leaves its session.
async function wereOn(api: Api, channels: readonly Channel[]): Promise<boolean> {
  if (channels.length > mostAsked) return true;
  for (const channel of channels) {
    if (stateOf(channel) !== 'offline' || (await hadSession(api, channel.name))) return true;
  }
  return false;
}

/** What to do first, in order; empty where nothing of it is left, nobody may do it, there is no channel to do it with, or the server has a past that this device was not there to see. */
export function firstSteps(channels: readonly Channel[], past: Past, role: string, wasShown: boolean): Step[] {
  const first = channels[0];
  if (first === undefined || !mayDo(role, 'producer')) return [];
  if (!wasShown && (past.wasOn || past.hasEvents)) return [];
  const wasOn = past.wasOn || channels.some((channel) => stateOf(channel) !== 'offline');
  if (wasOn && past.hasEvents) return [];
  const steps: Step[] = [
    { name: 'connect', to: addressOf('channels', first.name), isDone: wasOn },
    { name: 'plan', to: addressOf('schedule'), isDone: past.hasEvents },
  ];
  return mayDo(role, 'admin') ? [...steps, { name: 'people', to: addressOf('settings', 'users'), isDone: false }] : steps;
}

interface FirstStepsProps {
  steps: readonly Step[];
  go: (address: string) => void;
  onHide: () => void;
}

/** Says on a new server what comes next, until it was done or somebody knows the way. */
export function FirstSteps({ steps, go, onHide }: FirstStepsProps) {
  const text = adminText.now.steps;
  return (
    <section className="block first-steps" aria-labelledby="steps-title">
      <div className="panel-top">
        <h2 id="steps-title">{text.title}</h2>
        <button type="button" className="button quiet" onClick={onHide}>
          {text.hide}
        </button>
      </div>
      <ol>
        {steps.map((step) => (
          <li key={step.name} data-done={step.isDone}>
            <span className="step-mark" aria-hidden="true" />
            <div>
              <PageLink to={step.to} current={false} className="link" go={go}>
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

/** The first steps that somebody is to be told of, none until it is known what was done, and a way to hide them on this device. `channels` is null until they are known. */
export function useFirstSteps(api: Api, channels: readonly Channel[] | null, hasNext: boolean, role: string): { steps: Step[]; hide: () => void } {
  const [kept, setKept] = useState(known);
  const [past, setPast] = useState<Past | null>(null);
  const isAsked = kept !== 'hidden' && mayDo(role, 'producer') && channels !== null && channels.length > 0;
  const asked = useRef(channels);
  asked.current = channels;

  useEffect(() => {
    if (!isAsked) return undefined;
    let stays = true;
    askPast(api, asked.current ?? []).then(
      (found) => stays && setPast(found),
      // Whoever cannot know does not tell.
      () => undefined,
    );
    return () => {
      stays = false;
    };
  }, [api, isAsked]);

  // What was done while they are looked at stays done.
  const isOnNow = channels?.some((channel) => stateOf(channel) !== 'offline') ?? false;
  useEffect(() => {
    if (past !== null && ((isOnNow && !past.wasOn) || (hasNext && !past.hasEvents))) setPast({ wasOn: past.wasOn || isOnNow, hasEvents: past.hasEvents || hasNext });
  }, [past, isOnNow, hasNext]);

  const next = keptAfter(kept, channels, past, role);
  useEffect(() => {
    if (next === null || next === kept) return;
    setKept(next);
    remember(next);
  }, [next, kept]);

  function hide() {
    setKept('hidden');
    remember('hidden');
  }

  return { steps: isAsked && past !== null ? firstSteps(channels, past, role, kept === 'shown') : [], hide };
}

/** What a device keeps of the steps: that it shows them until they are done, or shows them no more. */
export type Kept = 'shown' | 'hidden' | null;

/** What a device is to keep, by what is known by now. One that has seen the server without a channel goes on with them, whatever was done before it came back to them. */
export function keptAfter(kept: Kept, channels: readonly Channel[] | null, past: Past | null, role: string): Kept {
  if (kept === 'hidden' || channels === null || !mayDo(role, 'producer')) return kept;
  if (channels.length === 0) return 'shown';
  if (past === null) return kept;
  return firstSteps(channels, past, role, kept === 'shown').length > 0 ? 'shown' : 'hidden';
}

function known(): Kept {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'shown' || kept === 'hidden' ? kept : null;
  } catch {
    return null;
  }
}

function remember(kept: 'shown' | 'hidden'): void {
  try {
    localStorage.setItem(key, kept);
  } catch {
    // It is known until the page is loaded again.
  }
}
