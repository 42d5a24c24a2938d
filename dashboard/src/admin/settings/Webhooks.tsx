import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { Checks, TextField } from '../fields';
import { Loaded } from '../Loaded';
import { SecretDialog } from '../SecretDialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { Deliveries } from './Deliveries';
import { changeWebhook, createWebhook, deleteWebhook, hookTypes, listWebhooks, rotateWebhook, testWebhook, type Webhook, type WebhookWish } from './webhookApi';

type Asking = { about: 'create' } | { about: 'change' | 'rotate' | 'delete' | 'log'; hook: Webhook };

interface WebhooksProps {
  api: Api;
  channels: readonly Channel[];
  onExpired: () => void;
}

/** Whom the server tells of what happens. */
export function Webhooks({ api, channels, onExpired }: WebhooksProps) {
  const hooks = usePolled(useCallback(() => listWebhooks(api), [api]), 10_000, onExpired);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [issued, setIssued] = useState<string | null>(null);
  const text = adminText.settings.webhooks;
  const close = () => setAsking(null);

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.webhooks}</h2>
        <button type="button" className="button" onClick={() => setAsking({ about: 'create' })}>
          {text.create}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      <Loaded
        polled={hooks}
        empty={
          <div className="empty">
            <p className="empty-title">{text.empty}</p>
            <p>{text.emptyHint}</p>
          </div>
        }
      >
        {(items) => (
          <ul className="keys">
            {items.map((hook) => (
              <WebhookRow key={hook.id} api={api} hook={hook} onAsk={(about) => setAsking({ about, hook })} onChanged={hooks.refresh} />
            ))}
          </ul>
        )}
      </Loaded>

      {asking?.about === 'create' && (
        <Dialog title={text.createTitle} onClose={close}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              const made = await createWebhook(api, hookWish(form));
              close();
              setIssued(made.secret);
              hooks.refresh();
            }}
          >
            {(mistakes) => <WebhookFields channels={channels} mistakes={mistakes} />}
          </ActionForm>
        </Dialog>
      )}
      {asking?.about === 'change' && (
        <Dialog title={text.changeTitle} onClose={close}>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              await changeWebhook(api, asking.hook.id, hookWish(form));
              close();
              hooks.refresh();
            }}
          >
            {(mistakes) => <WebhookFields hook={asking.hook} channels={channels} mistakes={mistakes} />}
          </ActionForm>
        </Dialog>
      )}
      {asking?.about === 'rotate' && (
        <Confirm
          title={text.rotateTitle}
          hint={text.rotateHint}
          submit={text.rotate}
          danger={false}
          onConfirm={async () => setIssued((await rotateWebhook(api, asking.hook.id)).secret)}
          onClose={close}
        />
      )}
      {asking?.about === 'delete' && (
        <Confirm
          title={text.deleteTitle}
          hint={text.deleteHint}
          submit={text.delete}
          onConfirm={async () => {
            await deleteWebhook(api, asking.hook.id);
            hooks.refresh();
          }}
          onClose={close}
        />
      )}
      {asking?.about === 'log' && <Deliveries api={api} hook={asking.hook} onClose={close} />}
      {issued !== null && <SecretDialog title={text.issued} hint={text.once} label={text.secret} secret={issued} onDone={() => setIssued(null)} />}
    </section>
  );
}

interface WebhookRowProps {
  api: Api;
  hook: Webhook;
  onAsk: (about: 'change' | 'rotate' | 'delete' | 'log') => void;
  onChanged: () => void;
}

function WebhookRow({ api, hook, onAsk, onChanged }: WebhookRowProps) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState('');
  const text = adminText.settings.webhooks;

  async function work(task: () => Promise<string>) {
    if (busy) return;
    setBusy(true);
    setSaid('');
    try {
      setSaid(await task());
    } catch (error) {
      setSaid(error instanceof ApiError ? error.words : adminText.failed);
    } finally {
      setBusy(false);
      onChanged();
    }
  }

  const test = async () => {
    const told = await testWebhook(api, hook.id);
    return told.state === 'delivered' ? text.testOk(told.status, (told.seconds ?? 0).toFixed(1)) : text.testFailed(told.fault ?? String(told.status ?? ''));
  };
  const turn = async () => {
    await changeWebhook(api, hook.id, { enabled: !hook.enabled });
    return '';
  };

  return (
    <li>
      <div>
        <p className="key-name">
          {hook.label || hook.url} {hook.label !== '' && <code>{hook.url}</code>}
        </p>
        <p className="field-hint">{hookFacts(hook).join(' · ')}</p>
        <p className="field-hint" role="status">
          {busy ? text.testing : said}
        </p>
      </div>
      <div className="tools row-tools">
        <button type="button" className="button quiet" disabled={busy} onClick={() => void work(test)}>
          {text.test}
        </button>
        <button type="button" className="button quiet" onClick={() => onAsk('log')}>
          {text.log}
        </button>
        <button type="button" className="button quiet" onClick={() => onAsk('change')}>
          {text.change}
        </button>
        <button type="button" className="button quiet" disabled={busy} onClick={() => void work(turn)}>
          {hook.enabled ? text.switchOff : text.switchOn}
        </button>
        <button type="button" className="button quiet" onClick={() => onAsk('rotate')}>
          {text.rotate}
        </button>
        <button type="button" className="button quiet" onClick={() => onAsk('delete')}>
          {text.delete}
        </button>
      </div>
    </li>
  );
}

/** What is said of a webhook in one line. */
export function hookFacts(hook: Webhook): string[] {
  const text = adminText.settings.webhooks;
  const facts: string[] = [hook.enabled ? text.on : text.off];
  if (hook.disabledReason !== null) facts.push(hook.disabledReason);
  facts.push(hook.types.length === 0 ? text.everything : hook.types.join(', '));
  if (hook.channels.length > 0) facts.push(hook.channels.join(', '));
  if (hook.failingSince !== null) facts.push(text.failing(clockText(hook.failingSince)));
  if (hook.waiting > 0) facts.push(text.waiting(hook.waiting));
  if (hook.dropped > 0) facts.push(text.dropped(hook.dropped));
  return facts;
}

function WebhookFields({ hook, channels, mistakes }: { hook?: Webhook; channels: readonly Channel[]; mistakes: Record<string, string> }) {
  const text = adminText.settings.webhooks;
  // A channel that was chosen stays a choice when it is gone.
  const names = [...new Set([...channels.map((channel) => channel.name), ...(hook?.channels ?? [])])];
  return (
    <>
      <TextField label={text.url} name="url" type="url" hint={text.urlHint} mistake={mistakes.url} defaultValue={hook?.url} required maxLength={2000} autoFocus />
      <TextField label={text.label} name="label" hint={text.labelHint} mistake={mistakes.label} defaultValue={hook?.label} maxLength={200} />
      <div className="wide">
        <Checks legend={text.types} name="types" hint={text.typesHint} mistake={mistakes.types} options={[...new Set<string>([...hookTypes, ...(hook?.types ?? [])])].map((type) => [type, type] as const)} chosen={hook?.types} />
      </div>
      {names.length > 0 && (
        <Checks legend={text.channels} name="channels" hint={text.channelsHint} mistake={mistakes.channels} options={names.map((name) => [name, name] as const)} chosen={hook?.channels} />
      )}
    </>
  );
}

function hookWish(form: FormData): WebhookWish {
  return {
    url: String(form.get('url')).trim(),
    label: String(form.get('label')).trim(),
    types: form.getAll('types').map(String),
    channels: form.getAll('channels').map(String),
  };
}
