import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { Loaded } from '../Loaded';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { changeUser, createUser, deleteUser, endUserLogins, listUsers, resetUserTotp, roleNames, setUserPassword, type User } from './peopleApi';

type Action = 'change' | 'password' | 'disable' | 'enable' | 'endLogins' | 'resetTotp' | 'delete';
type Asking = { about: 'create' } | { about: Action; user: User };

/** The people who may sign in with a name. */
export function Users({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const users = usePolled(useCallback(() => listUsers(api), [api]), 15_000, onExpired);
  const [asking, setAsking] = useState<Asking | null>(null);
  const text = adminText.settings.users;
  const own = me.kind === 'user' ? me.name : null;

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.users}</h2>
        <button type="button" className="button" onClick={() => setAsking({ about: 'create' })}>
          {text.create}
        </button>
      </div>
      <Loaded polled={users} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => (
          <ul className="keys">
            {items.map((user) => (
              <UserRow key={user.name} user={user} isOwn={user.name === own} onAct={(about) => setAsking({ about, user })} />
            ))}
          </ul>
        )}
      </Loaded>
      {asking !== null && <UserDialog api={api} asking={asking} onDone={users.refresh} onClose={() => setAsking(null)} />}
    </section>
  );
}

/** One person, and what an admin can do with their account. */
export function UserRow({ user, isOwn, onAct }: { user: User; isOwn: boolean; onAct: (action: Action) => void }) {
  const text = adminText.settings.users;
  const actions: [Action, string][] = [
    ['change', text.change],
    ['password', text.resetPassword],
    ...(user.totp ? ([['resetTotp', text.resetTotp]] as [Action, string][]) : []),
    // Whoever took themselves out of here would have to find another admin.
    ...(isOwn ? [] : ([['endLogins', text.endLogins], user.disabledAt === null ? ['disable', text.disable] : ['enable', text.enable], ['delete', text.delete]] as [Action, string][])),
  ];
  return (
    <li>
      <div>
        <p className="key-name">
          {user.displayName || user.name} <code>{user.name}</code>
          {isOwn && ` (${text.you})`}
        </p>
        <p className="field-hint">{userFacts(user).join(' · ')}</p>
      </div>
      <div className="tools row-tools">
        {actions.map(([action, words]) => (
          <button key={action} type="button" className="button quiet" onClick={() => onAct(action)} aria-label={`${words}: ${user.name}`}>
            {words}
          </button>
        ))}
      </div>
    </li>
  );
}

function userFacts(user: User): string[] {
  const text = adminText.settings.users;
  const facts = [adminText.pages.roles[user.role] ?? user.role];
  if (user.disabledAt !== null) facts.push(text.disabled);
  if (user.totp) facts.push(text.hasTotp);
  facts.push(user.lastLoginAt === null ? text.neverIn : text.lastIn(clockText(user.lastLoginAt)));
  return facts;
}

interface UserDialogProps {
  api: Api;
  asking: Asking;
  onDone: () => void;
  onClose: () => void;
}

function UserDialog({ api, asking, onDone, onClose }: UserDialogProps) {
  const text = adminText.settings.users;

  async function finish(work: Promise<unknown>) {
    await work;
    onClose();
    onDone();
  }

  // `Confirm` closes by itself.
  async function confirmed(work: Promise<unknown>) {
    await work;
    onDone();
  }

  if (asking.about === 'create') {
    return (
      <Dialog title={text.createTitle} onClose={onClose}>
        <ActionForm
          submit={text.submit}
          working={text.working}
          onCancel={onClose}
          onSubmit={(form) =>
            finish(
              createUser(api, {
                name: String(form.get('name')).trim().toLowerCase(),
                displayName: String(form.get('displayName')).trim(),
                role: String(form.get('role')),
                password: String(form.get('password')),
              }),
            )
          }
        >
          {(mistakes) => (
            <>
              <TextField label={text.name} name="name" hint={text.nameHint} mistake={mistakes.name} required maxLength={64} autoCapitalize="none" spellCheck={false} autoFocus />
              <TextField label={text.displayName} name="displayName" hint={text.displayNameHint} mistake={mistakes.displayName} maxLength={200} />
              <RoleField initial="producer" mistake={mistakes.role} />
              <TextField label={text.password} name="password" hint={text.passwordHint} mistake={mistakes.password} type="password" required maxLength={200} autoComplete="new-password" />
            </>
          )}
        </ActionForm>
      </Dialog>
    );
  }

  const { user } = asking;
  switch (asking.about) {
    case 'change':
      return (
        <Dialog title={text.changeTitle(user.name)} onClose={onClose}>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={onClose}
            onSubmit={(form) => finish(changeUser(api, user.name, { displayName: String(form.get('displayName')).trim(), role: String(form.get('role')) }))}
          >
            {(mistakes) => (
              <>
                <TextField label={text.displayName} name="displayName" hint={text.displayNameHint} mistake={mistakes.displayName} defaultValue={user.displayName} maxLength={200} autoFocus />
                <RoleField initial={user.role} mistake={mistakes.role} />
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    case 'password':
      return (
        <Dialog title={text.resetPasswordTitle(user.name)} onClose={onClose}>
          <ActionForm submit={text.resetPassword} working={text.working} onCancel={onClose} onSubmit={(form) => finish(setUserPassword(api, user.name, String(form.get('password'))))}>
            {(mistakes) => (
              <>
                <p>{text.resetPasswordHint}</p>
                <TextField label={text.password} name="password" hint={text.passwordHint} mistake={mistakes.password} type="password" required maxLength={200} autoComplete="new-password" autoFocus />
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    case 'disable':
      return <Confirm title={text.disableTitle(user.name)} hint={text.disableHint} submit={text.disable} onConfirm={() => confirmed(changeUser(api, user.name, { disabled: true }))} onClose={onClose} />;
    case 'enable':
      return <Confirm title={text.enableTitle(user.name)} hint={text.enableHint} submit={text.enable} danger={false} onConfirm={() => confirmed(changeUser(api, user.name, { disabled: false }))} onClose={onClose} />;
    case 'endLogins':
      return <Confirm title={text.endLoginsTitle(user.name)} hint={text.endLoginsHint} submit={text.endLogins} onConfirm={() => confirmed(endUserLogins(api, user.name))} onClose={onClose} />;
    case 'resetTotp':
      return <Confirm title={text.resetTotpTitle(user.name)} hint={text.resetTotpHint} submit={text.resetTotp} onConfirm={() => confirmed(resetUserTotp(api, user.name))} onClose={onClose} />;
    default:
      return <Confirm title={text.deleteTitle(user.name)} hint={text.deleteHint} submit={text.delete} onConfirm={() => confirmed(deleteUser(api, user.name))} onClose={onClose} />;
  }
}

function RoleField({ initial, mistake }: { initial: string; mistake?: string }) {
  const text = adminText.settings.users;
  return <SelectField label={text.role} name="role" mistake={mistake} initial={initial} options={roleNames.map((role) => [role, text.roles[role] ?? role] as const)} />;
}
