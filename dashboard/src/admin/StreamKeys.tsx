import { useCallback, useState } from 'react';
import { adminText } from '../text';
import type { Api, StreamKey } from './api';
import { forgetKey, storeKey } from './channel/pageSecrets';
import { CopyField } from './CopyField';
import { ActionForm, Dialog, Field } from './Dialog';
import { NewKeyDialog } from './NewKeyDialog';
import { clockText } from './times';
import { usePolled } from './usePolled';

type OpenDialog = { action: 'create' } | { action: 'rotate' | 'revoke'; key: StreamKey };

interface StreamKeysProps {
  api: Api;
  channel: string;
  rtmp: string;
  /** Whether the server URL is shown elsewhere on the page. */
  hideServer?: boolean;
}

/** Encoder settings of a channel: the server URL and the stream keys. */
export function StreamKeys({ api, channel, rtmp, hideServer = false }: StreamKeysProps) {
  const load = useCallback(async () => (await api.keys(channel)).filter((key) => key.revokedAt === null), [api, channel]);
  // The channel list handles expired sessions.
  const { data: keys, error, refresh } = usePolled(load, 15_000, ignore);
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const [issued, setIssued] = useState<string | null>(null);
  const text = adminText.keys;

  async function finish(task: Promise<{ streamKey: string } | void>) {
    const result = await task;
    setOpenDialog(null);
    // The stored key may be the one that was just revoked.
    forgetKey(channel);
    if (result) {
      storeKey(channel, result.streamKey);
      setIssued(result.streamKey);
    }
    refresh();
  }

  return (
    <>
      {!hideServer && (
        <section>
          <h3>{adminText.encoder.title}</h3>
          <p className="field-hint">{adminText.encoder.obsHint}</p>
          <CopyField label={adminText.encoder.server} value={rtmp} />
          <p className="field-hint">
            {adminText.encoder.streamKey}: {adminText.encoder.keyHidden}
          </p>
        </section>
      )}
      <section>
        <div className="panel-top">
          <h3>{text.title}</h3>
          <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'create' })}>
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
        <ul className="item-list">
          {keys?.map((key) => (
            <li key={key.id}>
              <div>
                <p className="item-name">
                  {key.label || (text.roles[key.role] ?? key.role)} <code>{key.id}…</code>
                </p>
                <p className="field-hint">{keyFacts(key).join(' · ')}</p>
              </div>
              <div className="channel-actions">
                <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'rotate', key })}>
                  {text.rotate}
                </button>
                <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'revoke', key })}>
                  {text.revoke}
                </button>
              </div>
            </li>
          ))}
        </ul>
      </section>

      {openDialog?.action === 'create' && (
        <Dialog title={text.createTitle} onClose={() => setOpenDialog(null)}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={() => setOpenDialog(null)}
            onSubmit={(form) => finish(api.createKey(channel, String(form.get('role')), String(form.get('label')).trim()))}
          >
            {(fieldErrors) => (
              <>
                <Field label={text.role} name="role" error={fieldErrors.role}>
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
                <Field label={text.label} name="label" hint={text.labelHint} error={fieldErrors.label}>
                  {(props) => <input {...props} maxLength={200} autoComplete="off" />}
                </Field>
              </>
            )}
          </ActionForm>
        </Dialog>
      )}
      {openDialog?.action === 'rotate' && (
        <Dialog title={text.rotateTitle} onClose={() => setOpenDialog(null)}>
          <ActionForm
            submit={text.rotate}
            danger
            onCancel={() => setOpenDialog(null)}
            onSubmit={() => finish(api.rotateKey(channel, openDialog.key.id))}
          >
            {() => <p>{text.rotateHint}</p>}
          </ActionForm>
        </Dialog>
      )}
      {openDialog?.action === 'revoke' && (
        <Dialog title={text.revokeTitle} onClose={() => setOpenDialog(null)}>
          <ActionForm
            submit={text.revoke}
            danger
            onCancel={() => setOpenDialog(null)}
            onSubmit={() => finish(api.revokeKey(channel, openDialog.key.id))}
          >
            {() => <p>{text.revokeHint}</p>}
          </ActionForm>
        </Dialog>
      )}
      {issued !== null && <NewKeyDialog title={adminText.newKey.title} rtmp={rtmp} streamKey={issued} onDone={() => setIssued(null)} />}
    </>
  );
}

function keyFacts(key: StreamKey): string[] {
  const text = adminText.keys;
  const facts = key.label === '' ? [] : [text.roles[key.role] ?? key.role];
  facts.push(text.created(clockText(key.createdAt)), key.lastUsedAt === null ? text.neverUsed : text.lastUsed(clockText(key.lastUsedAt)));
  if (key.expiresAt !== null) facts.push(text.expires(clockText(key.expiresAt)));
  return facts;
}

function ignore() {
  // The channel list handles expired sessions.
}
