import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Me } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm } from '../Dialog';
import { TextField } from '../fields';
import { Loaded } from '../Loaded';
import { clockText } from '../times';
import { nameOf } from '../Top';
import { usePolled } from '../usePolled';
import { endMyLogin, type Login, myLogins, setMyPassword } from './peopleApi';
import { SecondFactor } from './SecondFactor';

/** One's own password, second factor and sign-ins. */
export function Account({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const text = adminText.settings.account;
  return (
    <>
      <p className="lead">{text.intro(nameOf(me), adminText.pages.roles[me.role] ?? me.role)}</p>
      <PasswordBlock api={api} />
      <SecondFactor api={api} me={me} onExpired={onExpired} />
      <LoginsBlock api={api} onExpired={onExpired} />
    </>
  );
}

function PasswordBlock({ api }: { api: Api }) {
  const [changes, setChanges] = useState(0);
  const text = adminText.settings.account;

  async function change(form: FormData) {
    const password = String(form.get('password'));
    if (password !== String(form.get('again'))) throw new ApiError(0, adminText.failed, { again: adminText.signIn.notTheSame });
    await setMyPassword(api, String(form.get('old')), password);
    setChanges(changes + 1);
  }

  return (
    <section className="block">
      <h2>{text.password}</h2>
      {/* Another one after each change, so that no password stays in its fields. */}
      <ActionForm key={changes} submit={text.change} working={text.working} onSubmit={change}>
        {(mistakes) => (
          <>
            <TextField label={text.old} name="old" mistake={mistakes.old} type="password" required maxLength={200} autoComplete="current-password" />
            <TextField label={text.new} name="password" hint={text.newHint} mistake={mistakes.password} type="password" required maxLength={200} autoComplete="new-password" />
            <TextField label={text.again} name="again" mistake={mistakes.again} type="password" required maxLength={200} autoComplete="new-password" />
          </>
        )}
      </ActionForm>
      <p className="field-hint" role="status">
        {changes > 0 ? text.changed : ''}
      </p>
    </section>
  );
}

function LoginsBlock({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const logins = usePolled(useCallback(() => myLogins(api), [api]), 15_000, onExpired);
  const [ending, setEnding] = useState<Login | null>(null);
  const text = adminText.settings.account;
  return (
    <section className="block">
      <h2>{text.logins}</h2>
      <Loaded polled={logins} empty={null}>
        {(items) => (
          <ul className="keys">
            {items.map((login) => (
              <li key={login.id}>
                <div>
                  <p className="key-name">
                    {browserOf(login.agent)}
                    {login.current && ` (${text.thisOne})`}
                  </p>
                  <p className="field-hint" title={login.agent}>
                    {[text.from(login.address), text.since(clockText(login.createdAt)), text.lastUsed(clockText(login.lastUsedAt))].join(' · ')}
                  </p>
                </div>
                {!login.current && (
                  <button type="button" className="button quiet" onClick={() => setEnding(login)}>
                    {text.endLogin}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {ending !== null && (
        <Confirm
          title={text.endTitle}
          hint={text.endHint}
          submit={text.endLogin}
          onConfirm={async () => {
            await endMyLogin(api, ending.id);
            logins.refresh();
          }}
          onClose={() => setEnding(null)}
        />
      )}
    </section>
  );
}

/** A browser's name, as far as what it says of itself tells. */
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
  const name = names.find(([mark]) => agent.includes(mark))?.[1];
  const system = systems.find(([mark]) => agent.includes(mark))?.[1];
  if (name === undefined) return agent === '' ? adminText.settings.account.unknownAgent : agent;
  return system === undefined ? name : `${name}, ${system}`;
}
