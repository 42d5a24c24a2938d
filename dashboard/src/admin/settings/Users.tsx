import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { AsyncList } from '../AsyncList';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import {
  changeUser,
  createUser,
  deleteUser,
  endUserLogins,
  listUsers,
  resetUserTotp,
  roleNames,
  setUserPassword,
  type User,
} from './userApi';

type Action = 'change' | 'password' | 'disable' | 'enable' | 'endLogins' | 'resetTotp' | 'delete';
type OpenDialog = { action: 'create' } | { action: Action; user: User };

/** Manages user accounts. */
export function Users({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const users = usePolled(
    useCallback(() => listUsers(api), [api]),
    15_000,
    onExpired,
  );
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const text = adminText.settings.users;
  const ownName = me.kind === 'user' ? me.name : null;

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.users}</h2>
        <button type="button" className="button" onClick={() => setOpenDialog({ action: 'create' })}>
          {text.create}
        </button>
      </div>
      <AsyncList source={users} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => (
          <ul className="item-list">
            {items.map((user) => (
              <UserRow key={user.name} user={user} isSelf={user.name === ownName} onAction={(action) => setOpenDialog({ action, user })} />
            ))}
          </ul>
        )}
      </AsyncList>
      {openDialog !== null && (
        <UserDialog api={api} openDialog={openDialog} onChanged={users.refresh} onClose={() => setOpenDialog(null)} />
      )}
    </section>
  );
}

/** A user with the available actions. */
export function UserRow({ user, isSelf, onAction }: { user: User; isSelf: boolean; onAction: (action: Action) => void }) {
  const text = adminText.settings.users;
  const actions: [Action, string][] = [
    ['change', text.change],
    ['password', text.resetPassword],
    ...(user.totp ? ([['resetTotp', text.resetTotp]] as [Action, string][]) : []),
    // Users cannot lock themselves out.
    ...(isSelf
      ? []
      : ([
          ['endLogins', text.endLogins],
          user.disabledAt === null ? ['disable', text.disable] : ['enable', text.enable],
          ['delete', text.delete],
        ] as [Action, string][])),
  ];
  return (
    <li>
      <div>
        <p className="item-name">
          {user.displayName || user.name} <code>{user.name}</code>
          {isSelf && ` (${text.you})`}
        </p>
        <p className="field-hint">{userFacts(user).join(' · ')}</p>
      </div>
      <div className="tools row-tools">
        {actions.map(([action, label]) => (
          <button
            key={action}
            type="button"
            className="button secondary"
            onClick={() => onAction(action)}
            aria-label={`${label}: ${user.name}`}
          >
            {label}
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
  facts.push(user.lastLoginAt === null ? text.neverSignedIn : text.lastSignedIn(clockText(user.lastLoginAt)));
  return facts;
}

interface UserDialogProps {
  api: Api;
  openDialog: OpenDialog;
  onChanged: () => void;
  onClose: () => void;
}

function UserDialog({ api, openDialog, onChanged, onClose }: UserDialogProps) {
  const text = adminText.settings.users;

  async function finish(task: Promise<unknown>) {
    await task;
    onClose();
    onChanged();
  }

  // `Confirm` closes itself.
  async function refreshAfter(task: Promise<unknown>) {
    await task;
    onChanged();
  }

  if (openDialog.action === 'create') {
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
          {(fieldErrors) => (
            <>
              <TextField
                label={text.name}
                name="name"
                hint={text.nameHint}
                error={fieldErrors.name}
                required
                maxLength={64}
                autoCapitalize="none"
                spellCheck={false}
                autoFocus
              />
              <TextField
                label={text.displayName}
                name="displayName"
                hint={text.displayNameHint}
                error={fieldErrors.displayName}
                maxLength={200}
              />
              <RoleField initial="producer" error={fieldErrors.role} />
              <TextField
                label={text.password}
                name="password"
                hint={text.passwordHint}
                error={fieldErrors.password}
                type="password"
                required
                maxLength={200}
                autoComplete="new-password"
              />
            </>
          )}
        </ActionForm>
      </Dialog>
    );
  }

  const { user } = openDialog;
  switch (openDialog.action) {
    case 'change':
      return (
        <Dialog title={text.changeTitle(user.name)} onClose={onClose}>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={onClose}
            onSubmit={(form) =>
              finish(changeUser(api, user.name, { displayName: String(form.get('displayName')).trim(), role: String(form.get('role')) }))
            }
          >
            {(fieldErrors) => (
              <>
                <TextField
                  label={text.displayName}
                  name="displayName"
                  hint={text.displayNameHint}
                  error={fieldErrors.displayName}
                  defaultValue={user.displayName}
                  maxLength={200}
                  autoFocus
                />
                <RoleField initial={user.role} error={fieldErrors.role} />
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    case 'password':
      return (
        <Dialog title={text.resetPasswordTitle(user.name)} onClose={onClose}>
          <ActionForm
            submit={text.resetPassword}
            working={text.working}
            onCancel={onClose}
            onSubmit={(form) => finish(setUserPassword(api, user.name, String(form.get('password'))))}
          >
            {(fieldErrors) => (
              <>
                <p>{text.resetPasswordHint}</p>
                <TextField
                  label={text.password}
                  name="password"
                  hint={text.passwordHint}
                  error={fieldErrors.password}
                  type="password"
                  required
                  maxLength={200}
                  autoComplete="new-password"
                  autoFocus
                />
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    case 'disable':
      return (
        <Confirm
          title={text.disableTitle(user.name)}
          hint={text.disableHint}
          submit={text.disable}
          onConfirm={() => refreshAfter(changeUser(api, user.name, { disabled: true }))}
          onClose={onClose}
        />
      );
    case 'enable':
      return (
        <Confirm
          title={text.enableTitle(user.name)}
          hint={text.enableHint}
          submit={text.enable}
          danger={false}
          onConfirm={() => refreshAfter(changeUser(api, user.name, { disabled: false }))}
          onClose={onClose}
        />
      );
    case 'endLogins':
      return (
        <Confirm
          title={text.endLoginsTitle(user.name)}
          hint={text.endLoginsHint}
          submit={text.endLogins}
          onConfirm={() => refreshAfter(endUserLogins(api, user.name))}
          onClose={onClose}
        />
      );
    case 'resetTotp':
      return (
        <Confirm
          title={text.resetTotpTitle(user.name)}
          hint={text.resetTotpHint}
          submit={text.resetTotp}
          onConfirm={() => refreshAfter(resetUserTotp(api, user.name))}
          onClose={onClose}
        />
      );
    default:
      return (
        <Confirm
          title={text.deleteTitle(user.name)}
          hint={text.deleteHint}
          submit={text.delete}
          onConfirm={() => refreshAfter(deleteUser(api, user.name))}
          onClose={onClose}
        />
      );
  }
}

function RoleField({ initial, error }: { initial: string; error?: string }) {
  const text = adminText.settings.users;
  return (
    <SelectField
      label={text.role}
      name="role"
      error={error}
      initial={initial}
      options={roleNames.map((role) => [role, text.roles[role] ?? role] as const)}
    />
  );
}
