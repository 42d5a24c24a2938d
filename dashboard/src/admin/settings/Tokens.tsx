import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { Checks, SelectField, TextField } from '../fields';
import { Loaded } from '../Loaded';
import { SecretDialog } from '../SecretDialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { roleNames } from './peopleApi';
import { createToken, listTokens, scopeNames, type Token, type TokenWish } from './tokenApi';

const dayMs = 86_400_000;

interface TokensProps {
  api: Api;
  channels: readonly Channel[];
  onExpired: () => void;
}

/** Tokens for programs: made, limited, shown once, revoked. */
export function Tokens({ api, channels, onExpired }: TokensProps) {
  const load = useCallback(async () => (await listTokens(api)).filter((token) => token.revokedAt === null), [api]);
  const tokens = usePolled(load, 15_000, onExpired);
  const [creating, setCreating] = useState(false);
  const [issued, setIssued] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const text = adminText.settings.tokens;

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.tokens}</h2>
        <button type="button" className="button" onClick={() => setCreating(true)}>
          {text.create}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      <Loaded polled={tokens} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => (
          <ul className="keys">
            {items.map((token) => (
              <li key={token.id}>
                <div>
                  <p className="key-name">
                    {token.label || text.unnamed} <code>{token.id}</code>
                  </p>
                  <p className="field-hint">{tokenWords(token, Date.now()).join(' · ')}</p>
                </div>
                <button type="button" className="button quiet" onClick={() => setRevoking(token)}>
                  {text.revoke}
                </button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>

      {creating && (
        <Dialog title={text.createTitle} onClose={() => setCreating(false)}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={() => setCreating(false)}
            onSubmit={async (form) => {
              const made = await createToken(api, tokenWish(form, Date.now()));
              setCreating(false);
              setIssued(made.token);
              tokens.refresh();
            }}
          >
            {(mistakes) => (
              <>
                <TextField label={text.label} name="label" hint={text.labelHint} mistake={mistakes.label} maxLength={200} autoFocus />
                <div className="field-row wide">
                  <SelectField
                    label={text.role}
                    name="role"
                    mistake={mistakes.role}
                    initial="viewer"
                    options={roleNames.map((role) => [role, adminText.pages.roles[role] ?? role] as const)}
                  />
                  <SelectField label={text.lasts} name="days" mistake={mistakes.expiresAt} initial="30" options={Object.entries(text.lengths)} />
                </div>
                {channels.length > 0 && (
                  <Checks
                    legend={text.channels}
                    name="channels"
                    hint={text.channelsHint}
                    mistake={mistakes.channels}
                    options={channels.map((channel) => [channel.name, channel.title || channel.name] as const)}
                  />
                )}
                <Checks legend={text.scopes} name="scopes" hint={text.scopesHint} mistake={mistakes.scopes} options={scopeNames.map((scope) => [scope, scope] as const)} />
              </>
            )}
          </ActionForm>
        </Dialog>
      )}
      {issued !== null && <SecretDialog title={text.issued} hint={text.once} label={text.secret} secret={issued} onDone={() => setIssued(null)} />}
      {revoking !== null && (
        <Confirm
          title={text.revokeTitle}
          hint={text.revokeHint}
          submit={text.revoke}
          onConfirm={async () => {
            await api.revokeToken(revoking.id);
            tokens.refresh();
          }}
          onClose={() => setRevoking(null)}
        />
      )}
    </section>
  );
}

/** What is sent for a new token; limits only where something was chosen. */
export function tokenWish(form: FormData, now: number): TokenWish {
  const days = String(form.get('days'));
  const channels = form.getAll('channels').map(String);
  const scopes = form.getAll('scopes').map(String);
  return {
    role: String(form.get('role')),
    label: String(form.get('label')).trim(),
    ...(days === '' ? {} : { expiresAt: new Date(now + Number(days) * dayMs).toISOString() }),
    ...(channels.length === 0 ? {} : { channels }),
    ...(scopes.length === 0 ? {} : { scopes }),
  };
}

/** What is said of a token in one line. */
export function tokenWords(token: Token, now: number): string[] {
  const text = adminText.settings.tokens;
  const words = [adminText.pages.roles[token.role] ?? token.role, text.made(clockText(token.createdAt))];
  words.push(token.lastUsedAt === null ? text.neverUsed : text.lastUsed(clockText(token.lastUsedAt)));
  if (token.expiresAt !== null) {
    const when = clockText(token.expiresAt);
    words.push(new Date(token.expiresAt).getTime() <= now ? text.expired(when) : text.expires(when));
  }
  if (token.channels !== null) words.push(text.onlyChannels(token.channels.join(', ')));
  if (token.scopes !== null) words.push(text.onlyScopes(token.scopes.join(', ')));
  return words;
}
