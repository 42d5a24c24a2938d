import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { Dialog } from '../Dialog';
import { clockText } from '../times';
import { usePages } from '../usePages';
import { type Delivery, listDeliveries, replayDelivery, type Webhook } from './webhookApi';

const pageSize = 50;

/** What a webhook was told, what came of it, and once more where it is wished. */
export function Deliveries({ api, hook, onClose }: { api: Api; hook: Webhook; onClose: () => void }) {
  const [state, setState] = useState('');
  const [failed, setFailed] = useState<string | null>(null);
  const ask = useCallback((before?: number) => listDeliveries(api, hook.id, state, before), [api, hook.id, state]);
  const { items, problem, hasMore, more, again } = usePages(ask, pageSize);
  const text = adminText.settings.webhooks;

  async function replay(delivery: Delivery) {
    try {
      await replayDelivery(api, hook.id, delivery.id);
      setFailed(null);
    } catch (error) {
      setFailed(error instanceof ApiError ? error.words : adminText.failed);
    }
    again();
  }

  return (
    <Dialog title={text.logTitle} onClose={onClose}>
      <div className="tools wide">
        <select aria-label={text.state} value={state} onChange={(event) => setState(event.currentTarget.value)}>
          {Object.entries(text.states).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {(failed ?? problem?.words) && (
        <p className="problem" role="alert">
          {failed ?? problem?.words}
        </p>
      )}
      {items === null && problem === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.logEmpty}</p>}
      <ul className="keys">
        {items?.map((delivery) => (
          <li key={delivery.id}>
            <div>
              <p className="key-name">
                {delivery.type} <code>{delivery.event}</code>
              </p>
              <p className="field-hint">{deliveryFacts(delivery).join(' · ')}</p>
            </div>
            <button type="button" className="button quiet" onClick={() => void replay(delivery)}>
              {text.replay}
            </button>
          </li>
        ))}
      </ul>
      <div className="actions">
        {hasMore && (
          <button type="button" className="button quiet" onClick={more}>
            {text.older}
          </button>
        )}
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}

/** What is said of a delivery in one line. */
export function deliveryFacts(delivery: Delivery): string[] {
  const text = adminText.settings.webhooks;
  const facts = [text.states[delivery.state] ?? delivery.state, clockText(delivery.createdAt)];
  if (delivery.channel !== null) facts.push(delivery.channel);
  if (delivery.attempts > 0) facts.push(text.attempts(delivery.attempts));
  if (delivery.status !== null) facts.push(String(delivery.status));
  if (delivery.fault !== null) facts.push(delivery.fault);
  if (delivery.nextAt !== null) facts.push(text.nextAt(clockText(delivery.nextAt)));
  return facts;
}
