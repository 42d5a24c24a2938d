import { useCallback, useState } from 'react';
import { adminText } from '../text';
import type { Api, Channel, PlaybackUrls, ViewerToken } from './api';
import { CopyField } from './CopyField';
import { ActionForm, Dialog, Field } from './Dialog';
import { clockText } from './times';
import { usePolled } from './usePolled';

interface ViewerAccessProps {
  api: Api;
  channel: Channel;
  accesses: string[];
  onChanged: () => void;
}

/** The access policy of a channel, and its viewer links. */
export function ViewerAccess({ api, channel, accesses, onChanged }: ViewerAccessProps) {
  const load = useCallback(
    async () => (await api.viewerTokens(channel.name)).filter((token) => token.revokedAt === null),
    [api, channel.name],
  );
  const { data: tokens, error, refresh } = usePolled(load, 15_000, ignore);
  const [isCreating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ViewerToken | null>(null);
  const [issued, setIssued] = useState<PlaybackUrls | null>(null);
  const text = adminText.viewers;

  async function create(form: FormData) {
    const network = String(form.get('network')).trim();
    const created = await api.createViewerToken(channel.name, {
      label: String(form.get('label')).trim(),
      expiresAt: new Date(Date.now() + Number(form.get('lasts')) * 1000).toISOString(),
      ...(network === '' ? {} : { network }),
    });
    setCreating(false);
    setIssued(created.urls);
    refresh();
  }

  return (
    <>
      <AccessForm api={api} channel={channel} accesses={accesses} onChanged={onChanged} />
      <section>
        <div className="panel-top">
          <h3>{text.links}</h3>
          <button type="button" className="button secondary" onClick={() => setCreating(true)}>
            {text.create}
          </button>
        </div>
        {channel.access === 'public' && <p className="field-hint">{text.publicHint}</p>}
        {error !== null && (
          <p className="problem" role="alert">
            {error.message}
          </p>
        )}
        {tokens === null && error === null && <p className="field-hint">{adminText.loading}</p>}
        {tokens?.length === 0 && <p className="field-hint">{text.none}</p>}
        <ul className="item-list">
          {tokens?.map((token) => (
            <li key={token.id}>
              <div>
                <p className="item-name">
                  {token.label || text.unnamed} <code>{token.id}</code>
                </p>
                <p className="field-hint">{tokenFacts(token, Date.now()).join(' · ')}</p>
              </div>
              <div className="channel-actions">
                <button type="button" className="button secondary" onClick={() => setRevoking(token)}>
                  {text.revoke}
                </button>
              </div>
            </li>
          ))}
        </ul>
      </section>

      {isCreating && (
        <Dialog title={text.createTitle} onClose={() => setCreating(false)}>
          <ActionForm submit={text.submit} working={text.working} onCancel={() => setCreating(false)} onSubmit={create}>
            {(fieldErrors) => <ViewerTokenFields fieldErrors={fieldErrors} />}
          </ActionForm>
        </Dialog>
      )}
      {revoking !== null && (
        <Dialog title={text.revokeTitle} onClose={() => setRevoking(null)}>
          <ActionForm
            submit={text.revoke}
            danger
            onCancel={() => setRevoking(null)}
            onSubmit={async () => {
              await api.revokeViewerToken(channel.name, revoking.id);
              setRevoking(null);
              refresh();
            }}
          >
            {() => <p>{text.revokeHint}</p>}
          </ActionForm>
        </Dialog>
      )}
      {issued !== null && <IssuedViewerToken urls={issued} onDone={() => setIssued(null)} />}
    </>
  );
}

/** Selects the access policy. Changes apply on save. */
export function AccessForm({ api, channel, accesses, onChanged }: ViewerAccessProps) {
  const [access, setChoice] = useState(channel.access ?? 'public');
  const [isSaved, setSaved] = useState(false);
  const text = adminText.viewers;
  return (
    <section>
      <h3>{text.title}</h3>
      <ActionForm
        submit={text.save}
        working={text.saving}
        onSubmit={async () => {
          await api.setAccess(channel.name, access);
          setSaved(true);
          onChanged();
        }}
      >
        {(fieldErrors) => (
          <>
            <Field label={text.access} name={`access-${channel.name}`} hint={text.accessHints[access]} error={fieldErrors.access}>
              {(props) => (
                <select
                  {...props}
                  value={access}
                  onChange={(event) => {
                    setChoice(event.currentTarget.value);
                    setSaved(false);
                  }}
                >
                  {accesses.map((name) => (
                    <option key={name} value={name}>
                      {text.accesses[name] ?? name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <p className="field-hint" role="status">
              {isSaved ? text.saved : ''}
            </p>
          </>
        )}
      </ActionForm>
    </section>
  );
}

/** The fields of a new viewer link. */
export function ViewerTokenFields({ fieldErrors }: { fieldErrors: Record<string, string> }) {
  const text = adminText.viewers;
  return (
    <>
      <Field label={text.label} name="label" hint={text.labelHint} error={fieldErrors.label}>
        {(props) => <input {...props} maxLength={200} autoComplete="off" autoFocus />}
      </Field>
      <Field label={text.lifetime} name="lasts" error={fieldErrors.expiresAt}>
        {(props) => (
          <select {...props} defaultValue="86400">
            {Object.entries(text.lifetimes).map(([seconds, name]) => (
              <option key={seconds} value={seconds}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={text.network} name="network" hint={text.networkHint} error={fieldErrors.network}>
        {(props) => <input {...props} maxLength={50} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      </Field>
    </>
  );
}

/** Shows the URLs of a viewer link once. Only its button closes the dialog, so that a stray click does not lose them. */
export function IssuedViewerToken({ urls, onDone }: { urls: PlaybackUrls; onDone: () => void }) {
  const text = adminText.viewers;
  return (
    <Dialog title={text.issuedTitle}>
      <p>{text.shownOnce}</p>
      <CopyField label={text.watch} value={urls.watch} />
      <CopyField label={text.embed} value={urls.embed} />
      <CopyField label={text.hls} value={urls.hls} />
      <CopyField label={text.dash} value={urls.dash} />
      <div className="actions">
        <button type="button" className="button" onClick={onDone}>
          {text.done}
        </button>
      </div>
    </Dialog>
  );
}

// Labels of the viewer tokens that the dashboard creates for itself.
const dashboardLabels: readonly string[] = [adminText.channelPage.preview.tokenLabel, adminText.recordings.linkLabel];

/** Properties of a viewer link as short texts. */
export function tokenFacts(token: ViewerToken, now: number): string[] {
  const text = adminText.viewers;
  const facts: string[] = [];
  if (dashboardLabels.includes(token.label)) facts.push(text.dashboardLink);
  if (token.expiresAt !== null) {
    const when = clockText(token.expiresAt);
    facts.push(new Date(token.expiresAt).getTime() <= now ? text.expired(when) : text.expires(when));
  }
  if (token.network !== '') facts.push(text.networkOnly(token.network));
  return facts;
}

function ignore() {
  // The channel list handles expired sessions.
}
