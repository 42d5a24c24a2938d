import { Fragment, useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { bitrateText } from '../overview/cardText';
import { changeTarget, testTarget, type Target, type TargetTest } from './targetApi';

interface TargetRowProps {
  api: Api;
  channel: string;
  target: Target;
  onOpen: (action: 'change' | 'delete') => void;
  onChanged: () => void;
}

/** One target: its state, and what can be done with it. */
export function TargetRow({ api, channel, target, onOpen, onChanged }: TargetRowProps) {
  const [work, setWork] = useState<'test' | 'switch' | null>(null);
  const [result, setResult] = useState('');
  // The switch shows its new position at once, until the list confirms it.
  const [wanted, setWanted] = useState<boolean | null>(null);
  const text = adminText.targets;
  const isEnabled = wanted ?? target.enabled;

  // Only for a newly loaded target: a list from before the request must not turn the switch back.
  useEffect(() => {
    if (work === null) setWanted(null);
  }, [target]);

  async function run(kind: 'test' | 'switch', task: () => Promise<string>) {
    if (work !== null) return;
    setWork(kind);
    setResult('');
    try {
      setResult(await task());
    } catch (error) {
      setWanted(null);
      setResult(error instanceof ApiError ? error.fullMessage : adminText.failed);
    } finally {
      setWork(null);
      onChanged();
    }
  }

  const test = async () => testText(await testTarget(api, channel, target.name));
  const toggle = async () => {
    setWanted(!isEnabled);
    await changeTarget(api, channel, target.name, { enabled: !isEnabled });
    return '';
  };

  return (
    <li>
      <div>
        <p className="item-name">
          <TargetPill state={target.state} /> {target.name} <code>{addressHost(target.url)}</code>
        </p>
        <p className="field-hint target-facts">
          {targetFacts(target).map((fact, index) => (
            <Fragment key={index}>
              {index > 0 && ' · '}
              <span>{fact}</span>
            </Fragment>
          ))}
        </p>
        {target.reason !== null && <p className="target-reason">{target.reason}</p>}
        <p className="field-hint target-result" role="status">
          {work === null ? result : work === 'test' ? text.testing : text.saving}
        </p>
      </div>
      <div className="tools row-tools" role="group" aria-label={target.name}>
        <label className="check">
          <input
            type="checkbox"
            role="switch"
            checked={isEnabled}
            disabled={work === 'test'}
            onChange={() => void run('switch', toggle)}
          />{' '}
          {text.enabled}
        </label>
        <button
          type="button"
          className="button secondary"
          disabled={work !== null || !canTest(target)}
          title={canTest(target) ? undefined : text.testUnavailable}
          onClick={() => void run('test', test)}
        >
          {text.test}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('change')}>
          {text.change}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('delete')}>
          {text.delete}
        </button>
      </div>
    </li>
  );
}

const pills: Record<string, string> = { off: 'offline', connecting: 'waiting', live: 'live', retrying: 'reconnecting', rejected: 'error' };

/** The state of a target as a colored label. */
export function TargetPill({ state }: { state: string }) {
  return (
    <span className="pill" data-pill={pills[state] ?? 'waiting'}>
      <span className="dot" aria-hidden="true" />
      {adminText.targets.states[state] ?? state}
    </span>
  );
}

/** Properties of a target as short texts, without the reason. An attempt that is more than 2 min away is one of another clock. */
export function targetFacts(target: Target, now = Date.now()): string[] {
  const text = adminText.targets;
  const facts: string[] = [target.mode === 'copy' ? target.rendition : (text.modes[target.mode] ?? target.mode)];
  if (target.eventId !== null) facts.push(text.ofEvent);
  const wait = target.nextAttemptAt === null ? 0 : Math.ceil((Date.parse(target.nextAttemptAt) - now) / 1000);
  if (wait > 0 && wait <= 120) facts.push(text.nextAttempt(wait));
  if (target.state === 'live') facts.push(bitrateText(target.bitsPerSecond), text.delay(target.delaySeconds.toFixed(1)));
  if (target.droppedFrames > 0) facts.push(text.dropped(target.droppedFrames));
  if (target.connections > 1) facts.push(text.reconnected(target.connections - 1));
  return facts;
}

/** The result of a test as a sentence. */
export function testText({ accepted, reason, seconds }: TargetTest): string {
  const text = adminText.targets;
  return accepted ? text.testOk(seconds.toFixed(1)) : text.testFailed(reason ?? '');
}

/** The host of an address. Browsers differ in `URL.host` of RTMP addresses. */
export function addressHost(url: string): string {
  return /^[a-z]+:\/\/([^/?#]+)/i.exec(url)?.[1] ?? url;
}

// While a target is connected, its state says whether the platform accepts it.
function canTest({ state }: Target): boolean {
  return state === 'off' || state === 'rejected';
}
