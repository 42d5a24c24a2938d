import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { CheckboxGroup, SelectField, TextField } from '../fields';
import { AsyncList } from '../AsyncList';
import { SecretDialog } from '../SecretDialog';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { roleNames } from './userApi';
import { createToken, listTokens, scopeNames, type Token, type TokenRequest } from './tokenApi';

const dayMs = 86_400_000;

interface TokensProps {
  api: Api;
  channels: readonly Channel[];
  onExpired: () => void;
}

/** Manages API tokens. */
export function Tokens({ api, channels, onExpired }: TokensProps) {
  const load = useCallback(async () => (await listTokens(api)).filter((token) => token.revokedAt === null), [api]);
  const tokens = usePolled(load, 15_000, onExpired);
  const [isCreating, setCreating] = useState(false);
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
      <AsyncList source={tokens} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((token) => (
              <li key={token.id}>
                <div>
                  <p className="item-name">
                    {token.label || text.unnamed} <code>{token.id}</code>
                  </p>
                  <p className="field-hint">{tokenFacts(token, Date.now()).join(' · ')}</p>
                </div>
                <button type="button" className="button secondary" onClick={() => setRevoking(token)}>
                  {text.revoke}
                </button>
              </li>
            ))}
          </ul>
        )}
      </AsyncList>

      {isCreating && (
        <Dialog title={text.createTitle} onClose={() => setCreating(false)}>
          <ActionForm
            submit={text.submit}
            working={text.working}
            onCancel={() => setCreating(false)}
            onSubmit={async (form) => {
              const created = await createToken(api, tokenRequest(form, Date.now()));
              setCreating(false);
              setIssued(created.token);
              tokens.refresh();
            }}
          >
            {(fieldErrors) => (
              <>
                <TextField label={text.label} name="label" hint={text.labelHint} error={fieldErrors.label} maxLength={200} autoFocus />
                <div className="field-row wide">
                  <SelectField
                    label={text.role}
                    name="role"
                    error={fieldErrors.role}
                    initial="viewer"
                    options={roleNames.map((role) => [role, adminText.pages.roles[role] ?? role] as const)}
                  />
                  <SelectField
                    label={text.lifetime}
                    name="days"
                    error={fieldErrors.expiresAt}
                    initial="30"
                    options={Object.entries(text.lifetimes)}
                  />
                </div>
                {channels.length > 0 && (
                  <CheckboxGroup
                    legend={text.channels}
                    name="channels"
                    hint={text.channelsHint}
                    error={fieldErrors.channels}
                    options={channels.map((channel) => [channel.name, channel.title || channel.name] as const)}
                  />
                )}
                <CheckboxGroup
                  legend={text.scopes}
                  name="scopes"
                  hint={text.scopesHint}
                  error={fieldErrors.scopes}
                  options={scopeNames.map((scope) => [scope, scope] as const)}
                />
              </>
            )}
          </ActionForm>
        </Dialog>
      )}
      {issued !== null && (
        <SecretDialog title={text.issued} hint={text.shownOnce} label={text.secret} secret={issued} onDone={() => setIssued(null)} />
      )}
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

/** The request for a new token. Restrictions are omitted if none are selected. */
export function tokenRequest(form: FormData, now: number): TokenRequest {
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

/** Properties of a token as short texts. */
export function tokenFacts(token: Token, now: number): string[] {
  const text = adminText.settings.tokens;
  const facts = [adminText.pages.roles[token.role] ?? token.role, text.created(clockText(token.createdAt))];
  facts.push(token.lastUsedAt === null ? text.neverUsed : text.lastUsed(clockText(token.lastUsedAt)));
  if (token.expiresAt !== null) {
    const when = clockText(token.expiresAt);
    facts.push(new Date(token.expiresAt).getTime() <= now ? text.expired(when) : text.expires(when));
  }
  if (token.channels !== null) facts.push(text.onlyChannels(token.channels.join(', ')));
  if (token.scopes !== null) facts.push(text.onlyScopes(token.scopes.join(', ')));
  return facts;
}
