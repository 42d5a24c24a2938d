import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Me } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm } from '../Dialog';
import { TextField } from '../fields';
import { AsyncList } from '../AsyncList';
import { clockText } from '../times';
import { displayNameOf } from '../Header';
import { usePolled } from '../usePolled';
import { endMyLogin, type Login, myLogins, setMyPassword } from './userApi';
import { SecondFactor } from './SecondFactor';

/** The user's password, two-factor authentication and sessions. */
export function Account({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const text = adminText.settings.account;
  return (
    <>
      <p className="lead">{text.intro(displayNameOf(me), adminText.pages.roles[me.role] ?? me.role)}</p>
      <PasswordSection api={api} />
      <SecondFactor api={api} me={me} onExpired={onExpired} />
      <LoginsSection api={api} onExpired={onExpired} />
    </>
  );
}

function PasswordSection({ api }: { api: Api }) {
  const [changeCount, setChangeCount] = useState(0);
  const text = adminText.settings.account;

  async function change(form: FormData) {
    const password = String(form.get('password'));
    if (password !== String(form.get('again'))) throw new ApiError(0, adminText.failed, { again: adminText.signIn.passwordMismatch });
    await setMyPassword(api, String(form.get('old')), password);
    setChangeCount(changeCount + 1);
  }

  return (
    <section className="block">
      <h2>{text.password}</h2>
      {/* The key resets the form after each change, so that no password stays in it. */}
      <ActionForm key={changeCount} submit={text.change} working={text.working} onSubmit={change}>
        {(fieldErrors) => (
          <>
            <TextField
              label={text.currentPassword}
              name="old"
              error={fieldErrors.old}
              type="password"
              required
              maxLength={200}
              autoComplete="current-password"
            />
            <TextField
              label={text.newPassword}
              name="password"
              hint={text.newPasswordHint}
              error={fieldErrors.password}
              type="password"
              required
              maxLength={200}
              autoComplete="new-password"
            />
            <TextField
              label={text.repeatPassword}
              name="again"
              error={fieldErrors.again}
              type="password"
              required
              maxLength={200}
              autoComplete="new-password"
            />
          </>
        )}
      </ActionForm>
      <p className="field-hint" role="status">
        {changeCount > 0 ? text.changed : ''}
      </p>
    </section>
  );
}

function LoginsSection({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const logins = usePolled(
    useCallback(() => myLogins(api), [api]),
    15_000,
    onExpired,
  );
  const [loginToEnd, setLoginToEnd] = useState<Login | null>(null);
  const text = adminText.settings.account;
  return (
    <section className="block">
      <h2>{text.sessions}</h2>
      <AsyncList source={logins} empty={null}>
        {(items) => (
          <ul className="item-list">
            {items.map((login) => (
              <li key={login.id}>
                <div>
                  <p className="item-name">
                    {browserOf(login.agent)}
                    {login.current && ` (${text.thisSession})`}
                  </p>
                  <p className="field-hint" title={login.agent}>
                    {[text.from(login.address), text.since(clockText(login.createdAt)), text.lastUsed(clockText(login.lastUsedAt))].join(
                      ' · ',
                    )}
                  </p>
                </div>
                {!login.current && (
                  <button type="button" className="button secondary" onClick={() => setLoginToEnd(login)}>
                    {text.endSession}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </AsyncList>
      {loginToEnd !== null && (
        <Confirm
          title={text.endTitle}
          hint={text.endHint}
          submit={text.endSession}
          onConfirm={async () => {
            await endMyLogin(api, loginToEnd.id);
            logins.refresh();
          }}
          onClose={() => setLoginToEnd(null)}
        />
      )}
    </section>
  );
}

/** Browser and system of a user agent. */
export function browserOf(agent: string): string {
  const names = [
    ['Edg/', 'Edge'],
    ['OPR/', 'Opera'],
    ['Firefox/', 'Firefox'],
    ['Chrome/', 'Chrome'],
    ['Safari/', 'Safari'],
  ] as const;
  const systems = [
    ['Android', 'Android'],
    ['iPhone', 'iPhone'],
    ['iPad', 'iPad'],
    ['Windows', 'Windows'],
    ['Mac OS', 'macOS'],
    ['Linux', 'Linux'],
  ] as const;
  const name = names.find(([token]) => agent.includes(token))?.[1];
  const system = systems.find(([token]) => agent.includes(token))?.[1];
  if (name === undefined) return agent === '' ? adminText.settings.account.unknownAgent : agent;
  return system === undefined ? name : `${name}, ${system}`;
}
