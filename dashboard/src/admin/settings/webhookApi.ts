import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/webhooks`.

export type Webhook = Schemas['WebhookView'];

export type WebhookRequest = Partial<Schemas['NewWebhook']> & Schemas['WebhookChange'];

export type Delivery = Schemas['DeliveryView'];

/** Webhook event types. */
export const webhookEventTypes = [
  'publish.started',
  'publish.stopped',
  'input.lost',
  'input.back',
  'event.reminder',
  'event.preview',
  'event.late',
  'event.live',
  'event.ended',
  'recording.ready',
  'health.issue',
  'target.live',
  'target.lost',
  'target.rejected',
  'chat.message',
  'chat.held',
  'chat.moderated',
] as const;

export function listWebhooks(api: Api): Promise<Webhook[]> {
  return api.send('GET', '/webhooks');
}

export function createWebhook(api: Api, request: WebhookRequest): Promise<{ webhook: Webhook; secret: string }> {
  return api.send('POST', '/webhooks', request);
}

export function changeWebhook(api: Api, id: string, request: WebhookRequest): Promise<Webhook> {
  return api.send('PATCH', webhookPath(id), request);
}

export function deleteWebhook(api: Api, id: string): Promise<void> {
  return api.send('DELETE', webhookPath(id));
}

export function rotateWebhook(api: Api, id: string): Promise<{ webhook: Webhook; secret: string }> {
  return api.send('POST', `${webhookPath(id)}/rotate`, {});
}

export function testWebhook(api: Api, id: string): Promise<Delivery> {
  return api.send('POST', `${webhookPath(id)}/test`);
}

/** Deliveries, newest first; optionally of one state, or before an id. */
export function listDeliveries(api: Api, id: string, state: string, before?: number): Promise<Delivery[]> {
  const query = new URLSearchParams({ limit: '50' });
  if (state !== '') query.set('state', state);
  if (before !== undefined) query.set('before', String(before));
  return api.send('GET', `${webhookPath(id)}/deliveries?${query.toString()}`);
}

export function replayDelivery(api: Api, id: string, delivery: number): Promise<Delivery> {
  return api.send('POST', `${webhookPath(id)}/deliveries/${delivery}/replay`);
}

function webhookPath(id: string): string {
  return `/webhooks/${encodeURIComponent(id)}`;
}
