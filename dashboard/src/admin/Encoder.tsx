import { useCallback, useState } from 'react';
import { adminText } from '../text';
import type { Api, Key } from './api';
import { forgetKey, rememberKey } from './channel/kept';
import { CopyField } from './CopyField';
import { ActionForm, Dialog, Field } from './Dialog';
import { NewKeyDialog } from './NewKeyDialog';
import { clockText } from './times';
import { usePolled } from './usePolled';

type Asking = { about: 'create' } | { about: 'rotate' | 'revoke'; key: Key };

interface EncoderProps {
  api: Api;
  channel: string;
  rtmp: string;
  /** Whether the server's address is said elsewhere on the page. */
  keysOnly?: boolean;
}

/** How to publish to a channel: the server's address and the channel's keys. */
export function Encoder({ api, channel, rtmp, keysOnly = false }: EncoderProps) {
  const load = useCallback(async () => (await api.keys(channel)).filter((key) => key.revokedAt === null), [api, channel]);
  // A token that ends is noticed by the list of channels.
  const { data: keys, error, refresh } = usePolled(load, 15_000, nothing);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [issued, setIssued] = useState<string | null>(null);
  const text = adminText.keys;

  async function done(work: Promise<{ streamKey: string } | void>) {
    const result = await work;
    setAsking(null);
    // Whichever was made here before may be the one that does not work any more.
    forgetKey(channel);
    if (result) {
      rememberKey(channel, result.streamKey);
      setIssued(result.streamKey);
    }
    refresh();
  }

  return (
    <>
      {!keysOnly && (
        <section>
          <h3>{adminText.encoder.title}</h3>
          <p className="field-hint">{adminText.encoder.obs}</p>
          <CopyField label={adminText.encoder.server} value={rtmp} />
          <p className="field-hint">
            {adminText.encoder.streamKey}: {adminText.encoder.keyHidden}
          </p>
        </section>
      )}
      <section>
        <div className="panel-top">
          <h3>{text.title}</h3>
          <button type="button" className="button quiet" onClick={() => setAsking({ about: 'create' })}>
            {text.create}
          </button>
        </div>
        {error !== null && (
          <p className="problem" role="alert">
            {error.message}
          </p>
        )}
        {keys === null && error === null && <p className="field-hint">{adminText.loading}</p>}
        {keys?.length === 0 && <p className="problem">{text.empty}</p>}
        <ul className="keys">
          {keys?.map((key) => (
            <li key={key.id}>
              <div>
                <p className="key-name">
                  {key.label || (text.roles[key.role] ?? key.role)} <code>{key.id}…</code>
                </p>
                <p className="field-hint">{keyFacts(key).join(' · ')}</p>
              </div>
              <div className="channel-actions">
                <button type="button" className="button quiet" onClick={() => setAsking({ about: 'rotate', key })}>
                  {text.rotate}
                </button>
                <button type="button" className="button quiet" onClick={() => setAsking({ about: 'revoke', key })}>
                  {text.revoke}
                </button>
              </div>
            </li>
          ))}
        </ul>
      </section>

      {asking?.about === 'create' && (
        <Dialog title={text.createTitle} onClose={() => setAsking(null)}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={() => setAsking(null)}
            onSubmit={(form) => done(api.createKey(channel, String(form.get('role')), String(form.get('label')).trim()))}
          >
            {(mistakes) => (
              <>
                <Field label={text.role} name="role" mistake={mistakes.role}>
                  {(props) => (
                    <select {...props}>
                      {Object.entries(text.roles).map(([role, name]) => (
                        <option key={role} value={role}>
                          {name}
                        </option>
                      ))}
                    </select>
                  )}
                </Field>
                <Field label={text.label} name="label" hint={text.labelHint} mistake={mistakes.label}>
                  {(props) => <input {...props} maxLength={200} autoComplete="off" />}
                </Field>
              </>
            )}
          </ActionForm>
        </Dialog>
      )}
      {asking?.about === 'rotate' && (
        <Dialog title={text.rotateTitle} onClose={() => setAsking(null)}>
          <ActionForm submit={text.rotate} danger onCancel={() => setAsking(null)} onSubmit={() => done(api.rotateKey(channel, asking.key.id))}>
            {() => <p>{text.rotateHint}</p>}
          </ActionForm>
        </Dialog>
      )}
      {asking?.about === 'revoke' && (
        <Dialog title={text.revokeTitle} onClose={() => setAsking(null)}>
          <ActionForm submit={text.revoke} danger onCancel={() => setAsking(null)} onSubmit={() => done(api.revokeKey(channel, asking.key.id))}>
            {() => <p>{text.revokeHint}</p>}
          </ActionForm>
        </Dialog>
      )}
      {issued !== null && <NewKeyDialog title={adminText.newKey.title} rtmp={rtmp} streamKey={issued} onDone={() => setIssued(null)} />}
    </>
  );
}

function keyFacts(key: Key): string[] {
  const text = adminText.keys;
  const facts = key.label === '' ? [] : [text.roles[key.role] ?? key.role];
  facts.push(text.made(clockText(key.createdAt)), key.lastUsedAt === null ? text.neverUsed : text.lastUsed(clockText(key.lastUsedAt)));
  if (key.expiresAt !== null) facts.push(text.expires(clockText(key.expiresAt)));
  return facts;
}

function nothing() {
  // Nothing to do.
}
