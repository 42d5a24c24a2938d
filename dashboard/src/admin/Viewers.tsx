import { useCallback, useState } from 'react';
import { adminText } from '../text';
import type { Api, Channel, PlaybackAddresses, ViewerToken } from './api';
import { CopyField } from './CopyField';
import { ActionForm, Dialog, Field } from './Dialog';
import { clockText } from './times';
import { usePolled } from './usePolled';

interface ViewersProps {
  api: Api;
  channel: Channel;
  accesses: string[];
  onChanged: () => void;
}

/** Who may watch a channel, and the links to watch it with. */
export function Viewers({ api, channel, accesses, onChanged }: ViewersProps) {
  const load = useCallback(async () => (await api.viewerTokens(channel.name)).filter((token) => token.revokedAt === null), [api, channel.name]);
  const { data: tokens, error, refresh } = usePolled(load, 15_000, nothing);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ViewerToken | null>(null);
  const [issued, setIssued] = useState<PlaybackAddresses | null>(null);
  const text = adminText.viewers;

  async function create(form: FormData) {
    const address = String(form.get('address')).trim();
    const made = await api.createViewerToken(channel.name, {
      label: String(form.get('label')).trim(),
      expiresAt: new Date(Date.now() + Number(form.get('lasts')) * 1000).toISOString(),
      ...(address === '' ? {} : { address }),
    });
    setCreating(false);
    setIssued(made.addresses);
    refresh();
  }

  return (
    <>
      <AccessForm api={api} channel={channel} accesses={accesses} onChanged={onChanged} />
      <section>
        <div className="panel-top">
          <h3>{text.links}</h3>
          <button type="button" className="button quiet" onClick={() => setCreating(true)}>
            {text.create}
          </button>
        </div>
        {channel.access === 'public' && <p className="field-hint">{text.publicNow}</p>}
        {error !== null && (
          <p className="problem" role="alert">
            {error.message}
          </p>
        )}
        {tokens === null && error === null && <p className="field-hint">{adminText.loading}</p>}
        {tokens?.length === 0 && <p className="field-hint">{text.none}</p>}
        <ul className="keys">
          {tokens?.map((token) => (
            <li key={token.id}>
              <div>
                <p className="key-name">
                  {token.label || text.unnamed} <code>{token.id}</code>
                </p>
                <p className="field-hint">{tokenFacts(token, Date.now()).join(' · ')}</p>
              </div>
              <div className="channel-actions">
                <button type="button" className="button quiet" onClick={() => setRevoking(token)}>
                  {text.revoke}
                </button>
              </div>
            </li>
          ))}
        </ul>
      </section>

      {creating && (
        <Dialog title={text.createTitle} onClose={() => setCreating(false)}>
          <ActionForm submit={text.submit} working={text.working} onCancel={() => setCreating(false)} onSubmit={create}>
            {(mistakes) => <LinkFields mistakes={mistakes} />}
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
      {issued !== null && <IssuedLink addresses={issued} onDone={() => setIssued(null)} />}
    </>
  );
}

/** Chooses who may watch; nothing changes before it is saved. */
export function AccessForm({ api, channel, accesses, onChanged }: ViewersProps) {
  const [choice, setChoice] = useState(channel.access ?? 'public');
  const [saved, setSaved] = useState(false);
  const text = adminText.viewers;
  return (
    <section>
      <h3>{text.title}</h3>
      <ActionForm
        submit={text.save}
        working={text.saving}
        onSubmit={async () => {
          await api.setAccess(channel.name, choice);
          setSaved(true);
          onChanged();
        }}
      >
        {(mistakes) => (
          <>
            <Field label={text.access} name={`access-${channel.name}`} hint={text.accessHints[choice]} mistake={mistakes.access}>
              {(props) => (
                <select
                  {...props}
                  value={choice}
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
              {saved ? text.saved : ''}
            </p>
          </>
        )}
      </ActionForm>
    </section>
  );
}

/** What a link to watch is to be like. */
export function LinkFields({ mistakes }: { mistakes: Record<string, string> }) {
  const text = adminText.viewers;
  return (
    <>
      <Field label={text.label} name="label" hint={text.labelHint} mistake={mistakes.label}>
        {(props) => <input {...props} maxLength={200} autoComplete="off" autoFocus />}
      </Field>
      <Field label={text.lasts} name="lasts" mistake={mistakes.expiresAt}>
        {(props) => (
          <select {...props} defaultValue="86400">
            {Object.entries(text.lengths).map(([seconds, name]) => (
              <option key={seconds} value={seconds}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={text.address} name="address" hint={text.addressHint} mistake={mistakes.address}>
        {(props) => <input {...props} maxLength={50} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      </Field>
    </>
  );
}

/** The addresses of a link, this once. Only its button closes it: a stray press must not lose them. */
export function IssuedLink({ addresses, onDone }: { addresses: PlaybackAddresses; onDone: () => void }) {
  const text = adminText.viewers;
  return (
    <Dialog title={text.issuedTitle}>
      <p>{text.once}</p>
      <CopyField label={text.watch} value={addresses.watch} />
      <CopyField label={text.embed} value={addresses.embed} />
      <CopyField label={text.hls} value={addresses.hls} />
      <CopyField label={text.dash} value={addresses.dash} />
      <div className="actions">
        <button type="button" className="button" onClick={onDone}>
          {text.done}
        </button>
      </div>
    </Dialog>
  );
}

// What the dashboard calls the links that it makes to show a picture.
const ownLabels: readonly string[] = [adminText.channelPage.preview.tokenLabel, adminText.recordings.linkLabel];

/** What is said of a link in one line. */
export function tokenFacts(token: ViewerToken, now: number): string[] {
  const text = adminText.viewers;
  const facts: string[] = [];
  if (ownLabels.includes(token.label)) facts.push(text.ownLink);
  if (token.expiresAt !== null) {
    const when = clockText(token.expiresAt);
    facts.push(new Date(token.expiresAt).getTime() <= now ? text.expired(when) : text.opensUntil(when));
  }
  if (token.address !== '') facts.push(text.onlyFrom(token.address));
  return facts;
}

function nothing() {
  // A token that ends is noticed by the list of channels.
}
