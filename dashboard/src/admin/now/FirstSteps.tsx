import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel } from '../api';
import { addressOf, PageLink } from '../navigation';
import { listRecordings } from '../recordings/recordingApi';
import { stateOf } from './cardWords';

/** One thing to do on a new server: where, and whether it was done. */
export interface Step {
  name: 'connect' | 'plan' | 'people';
  to: string;
  isDone: boolean;
}

/** What is known of a server's past. */
export interface Past {
  hasRecordings: boolean;
  hasEvents: boolean;
}

const key = 'broadcast.steps';

/** What to do first, in order; empty where nothing of it is left, nobody may do it, or there is no channel to do it with. */
export function firstSteps(channels: readonly Channel[], past: Past, role: string): Step[] {
  const first = channels[0];
  if (first === undefined || !mayDo(role, 'producer')) return [];
  const wasOn = past.hasRecordings || channels.some((channel) => stateOf(channel) !== 'offline');
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

/** Whether somebody who may do the first steps is to be told of them, and a way to hide them on this device. `hasRecordings` is null until it is known. */
export function useFirstSteps(api: Api, role: string): { hasRecordings: boolean | null; isHidden: boolean; hide: () => void } {
  const [isHidden, setHidden] = useState(wasHidden);
  const [hasRecordings, setHasRecordings] = useState<boolean | null>(null);
  const isAsked = !isHidden && mayDo(role, 'producer');

  useEffect(() => {
    if (!isAsked) return undefined;
    let stays = true;
    listRecordings(api, { channel: '', kind: '', q: '', day: '' }).then(
      (found) => stays && setHasRecordings(found.length > 0),
      // Whoever cannot know does not tell.
      () => undefined,
    );
    return () => {
      stays = false;
    };
  }, [api, isAsked]);

  function hide() {
    setHidden(true);
    remember();
  }

  return { hasRecordings, isHidden, hide };
}

function wasHidden(): boolean {
  try {
    return localStorage.getItem(key) === 'hidden';
  } catch {
    return false;
  }
}

function remember(): void {
  try {
    localStorage.setItem(key, 'hidden');
  } catch {
    // They are hidden until the page is loaded again.
  }
}
