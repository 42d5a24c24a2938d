import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { CheckboxGroup, TextField } from '../fields';
import { AsyncList } from '../AsyncList';
import { SecretDialog } from '../SecretDialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { Deliveries } from './Deliveries';
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  webhookEventTypes,
  listWebhooks,
  rotateWebhook,
  testWebhook,
  type Webhook,
  type WebhookRequest,
} from './webhookApi';

type OpenDialog = { action: 'create' } | { action: 'change' | 'rotate' | 'delete' | 'log'; webhook: Webhook };

interface WebhooksProps {
  api: Api;
  channels: readonly Channel[];
  onExpired: () => void;
}

/** Manages webhooks. */
export function Webhooks({ api, channels, onExpired }: WebhooksProps) {
  const webhooks = usePolled(
    useCallback(() => listWebhooks(api), [api]),
    10_000,
    onExpired,
  );
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const [issued, setIssued] = useState<string | null>(null);
  const text = adminText.settings.webhooks;
  const close = () => setOpenDialog(null);

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.webhooks}</h2>
        <button type="button" className="button" onClick={() => setOpenDialog({ action: 'create' })}>
          {text.create}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      <AsyncList
        source={webhooks}
        empty={
          <div className="empty">
            <p className="empty-title">{text.empty}</p>
            <p>{text.emptyHint}</p>
          </div>
        }
      >
        {(items) => (
          <ul className="item-list">
            {items.map((webhook) => (
              <WebhookRow
                key={webhook.id}
                api={api}
                webhook={webhook}
                onOpen={(action) => setOpenDialog({ action, webhook })}
                onChanged={webhooks.refresh}
              />
            ))}
          </ul>
        )}
      </AsyncList>

      {openDialog?.action === 'create' && (
        <Dialog title={text.createTitle} onClose={close}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              const created = await createWebhook(api, webhookRequest(form));
              close();
              setIssued(created.secret);
              webhooks.refresh();
            }}
          >
            {(fieldErrors) => <WebhookFields channels={channels} fieldErrors={fieldErrors} />}
          </ActionForm>
        </Dialog>
      )}
      {openDialog?.action === 'change' && (
        <Dialog title={text.changeTitle} onClose={close}>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              await changeWebhook(api, openDialog.webhook.id, webhookRequest(form));
              close();
              webhooks.refresh();
            }}
          >
            {(fieldErrors) => <WebhookFields webhook={openDialog.webhook} channels={channels} fieldErrors={fieldErrors} />}
          </ActionForm>
        </Dialog>
      )}
      {openDialog?.action === 'rotate' && (
        <Confirm
          title={text.rotateTitle}
          hint={text.rotateHint}
          submit={text.rotate}
          danger={false}
          onConfirm={async () => setIssued((await rotateWebhook(api, openDialog.webhook.id)).secret)}
          onClose={close}
        />
      )}
      {openDialog?.action === 'delete' && (
        <Confirm
          title={text.deleteTitle}
          hint={text.deleteHint}
          submit={text.delete}
          onConfirm={async () => {
            await deleteWebhook(api, openDialog.webhook.id);
            webhooks.refresh();
          }}
          onClose={close}
        />
      )}
      {openDialog?.action === 'log' && <Deliveries api={api} webhook={openDialog.webhook} onClose={close} />}
      {issued !== null && (
        <SecretDialog title={text.issued} hint={text.shownOnce} label={text.secret} secret={issued} onDone={() => setIssued(null)} />
      )}
    </section>
  );
}

interface WebhookRowProps {
  api: Api;
  webhook: Webhook;
  onOpen: (action: 'change' | 'rotate' | 'delete' | 'log') => void;
  onChanged: () => void;
}

function WebhookRow({ api, webhook, onOpen, onChanged }: WebhookRowProps) {
  const [isBusy, setBusy] = useState(false);
  const [status, setStatus] = useState('');
  const text = adminText.settings.webhooks;

  async function run(task: () => Promise<string>) {
    if (isBusy) return;
    setBusy(true);
    setStatus('');
    try {
      setStatus(await task());
    } catch (error) {
      setStatus(error instanceof ApiError ? error.fullMessage : adminText.failed);
    } finally {
      setBusy(false);
      onChanged();
    }
  }

  const test = async () => {
    const delivery = await testWebhook(api, webhook.id);
    return delivery.state === 'delivered'
      ? text.testOk(delivery.status, (delivery.seconds ?? 0).toFixed(1))
      : text.testFailed(delivery.error ?? String(delivery.status ?? ''));
  };
  const toggle = async () => {
    await changeWebhook(api, webhook.id, { enabled: !webhook.enabled });
    return '';
  };

  return (
    <li>
      <div>
        <p className="item-name">
          {webhook.label || webhook.url} {webhook.label !== '' && <code>{webhook.url}</code>}
        </p>
        <p className="field-hint">{webhookFacts(webhook).join(' · ')}</p>
        <p className="field-hint" role="status">
          {isBusy ? text.testing : status}
        </p>
      </div>
      <div className="tools row-tools">
        <button type="button" className="button secondary" disabled={isBusy} onClick={() => void run(test)}>
          {text.test}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('log')}>
          {text.log}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('change')}>
          {text.change}
        </button>
        <button type="button" className="button secondary" disabled={isBusy} onClick={() => void run(toggle)}>
          {webhook.enabled ? text.switchOff : text.switchOn}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('rotate')}>
          {text.rotate}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('delete')}>
          {text.delete}
        </button>
      </div>
    </li>
  );
}

/** Properties of a webhook as short texts. */
export function webhookFacts(webhook: Webhook): string[] {
  const text = adminText.settings.webhooks;
  const facts: string[] = [webhook.enabled ? text.on : text.off];
  if (webhook.disabledReason !== null) facts.push(webhook.disabledReason);
  facts.push(webhook.types.length === 0 ? text.everything : webhook.types.join(', '));
  if (webhook.channels.length > 0) facts.push(webhook.channels.join(', '));
  if (webhook.failingSince !== null) facts.push(text.failing(clockText(webhook.failingSince)));
  if (webhook.waiting > 0) facts.push(text.waiting(webhook.waiting));
  if (webhook.dropped > 0) facts.push(text.dropped(webhook.dropped));
  return facts;
}

function WebhookFields({
  webhook,
  channels,
  fieldErrors,
}: {
  webhook?: Webhook;
  channels: readonly Channel[];
  fieldErrors: Record<string, string>;
}) {
  const text = adminText.settings.webhooks;
  // Keep selected channels that were deleted.
  const names = [...new Set([...channels.map((channel) => channel.name), ...(webhook?.channels ?? [])])];
  return (
    <>
      <TextField
        label={text.url}
        name="url"
        type="url"
        hint={text.urlHint}
        error={fieldErrors.url}
        defaultValue={webhook?.url}
        required
        maxLength={2000}
        autoFocus
      />
      <TextField
        label={text.label}
        name="label"
        hint={text.labelHint}
        error={fieldErrors.label}
        defaultValue={webhook?.label}
        maxLength={200}
      />
      <div className="wide">
        <CheckboxGroup
          legend={text.types}
          name="types"
          hint={text.typesHint}
          error={fieldErrors.types}
          options={[...new Set<string>([...webhookEventTypes, ...(webhook?.types ?? [])])].map((type) => [type, type] as const)}
          initial={webhook?.types}
        />
      </div>
      {names.length > 0 && (
        <CheckboxGroup
          legend={text.channels}
          name="channels"
          hint={text.channelsHint}
          error={fieldErrors.channels}
          options={names.map((name) => [name, name] as const)}
          initial={webhook?.channels}
        />
      )}
    </>
  );
}

function webhookRequest(form: FormData): WebhookRequest {
  return {
    url: String(form.get('url')).trim(),
    label: String(form.get('label')).trim(),
    types: form.getAll('types').map(String),
    channels: form.getAll('channels').map(String),
  };
}
