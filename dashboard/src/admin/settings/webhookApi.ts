import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/webhooks`.

export type Webhook = Schemas['WebhookView'];

export type WebhookWish = Partial<Schemas['NewWebhook']> & Schemas['WebhookChange'];

export type Delivery = Schemas['DeliveryView'];

/** What webhooks can be told of. */
export const hookTypes = [
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
] as const;

export function listWebhooks(api: Api): Promise<Webhook[]> {
  return api.ask('GET', '/webhooks');
}

export function createWebhook(api: Api, wish: WebhookWish): Promise<{ webhook: Webhook; secret: string }> {
  return api.ask('POST', '/webhooks', wish);
}

export function changeWebhook(api: Api, id: string, wish: WebhookWish): Promise<Webhook> {
  return api.ask('PATCH', hookPath(id), wish);
}

export function deleteWebhook(api: Api, id: string): Promise<void> {
  return api.ask('DELETE', hookPath(id));
}

export function rotateWebhook(api: Api, id: string): Promise<{ webhook: Webhook; secret: string }> {
  return api.ask('POST', `${hookPath(id)}/rotate`, {});
}

export function testWebhook(api: Api, id: string): Promise<Delivery> {
  return api.ask('POST', `${hookPath(id)}/test`);
}

/** Deliveries, newest first; of one state where it is named, before an id where one is. */
export function listDeliveries(api: Api, id: string, state: string, before?: number): Promise<Delivery[]> {
  const query = new URLSearchParams({ limit: '50' });
  if (state !== '') query.set('state', state);
  if (before !== undefined) query.set('before', String(before));
  return api.ask('GET', `${hookPath(id)}/deliveries?${query.toString()}`);
}

export function replayDelivery(api: Api, id: string, delivery: number): Promise<Delivery> {
  return api.ask('POST', `${hookPath(id)}/deliveries/${delivery}/replay`);
}

function hookPath(id: string): string {
  return `/webhooks/${encodeURIComponent(id)}`;
}
