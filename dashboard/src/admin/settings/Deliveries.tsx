import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { Dialog } from '../Dialog';
import { clockText } from '../times';
import { usePages } from '../usePages';
import { type Delivery, listDeliveries, replayDelivery, type Webhook } from './webhookApi';

const pageSize = 50;

/** Deliveries of a webhook, with resend. */
export function Deliveries({ api, webhook, onClose }: { api: Api; webhook: Webhook; onClose: () => void }) {
  const [state, setState] = useState('');
  const [replayError, setReplayError] = useState<string | null>(null);
  const load = useCallback((before?: number) => listDeliveries(api, webhook.id, state, before), [api, webhook.id, state]);
  const { items, error, hasMore, loadMore, reload } = usePages(load, pageSize);
  const text = adminText.settings.webhooks;

  async function replay(delivery: Delivery) {
    try {
      await replayDelivery(api, webhook.id, delivery.id);
      setReplayError(null);
    } catch (error) {
      setReplayError(error instanceof ApiError ? error.fullMessage : adminText.failed);
    }
    reload();
  }

  return (
    <Dialog title={text.logTitle} onClose={onClose}>
      <div className="tools wide">
        <select aria-label={text.state} value={state} onChange={(event) => setState(event.currentTarget.value)}>
          {Object.entries(text.states).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {(replayError ?? error?.fullMessage) && (
        <p className="problem" role="alert">
          {replayError ?? error?.fullMessage}
        </p>
      )}
      {items === null && error === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.logEmpty}</p>}
      <ul className="item-list">
        {items?.map((delivery) => (
          <li key={delivery.id}>
            <div>
              <p className="item-name">
                {delivery.type} <code>{delivery.event}</code>
              </p>
              <p className="field-hint">{deliveryFacts(delivery).join(' · ')}</p>
            </div>
            <button type="button" className="button secondary" onClick={() => void replay(delivery)}>
              {text.replay}
            </button>
          </li>
        ))}
      </ul>
      <div className="actions">
        {hasMore && (
          <button type="button" className="button secondary" onClick={loadMore}>
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

/** Properties of a delivery as short texts. */
export function deliveryFacts(delivery: Delivery): string[] {
  const text = adminText.settings.webhooks;
  const facts = [text.states[delivery.state] ?? delivery.state, clockText(delivery.createdAt)];
  if (delivery.channel !== null) facts.push(delivery.channel);
  if (delivery.attempts > 0) facts.push(text.attempts(delivery.attempts));
  if (delivery.status !== null) facts.push(String(delivery.status));
  if (delivery.error !== null) facts.push(delivery.error);
  if (delivery.nextAttemptAt !== null) facts.push(text.nextAttemptAt(clockText(delivery.nextAttemptAt)));
  return facts;
}
