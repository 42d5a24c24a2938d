import { useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';
import { logIn } from '../session';

/** Signs in with name and password, and with a code if the server requires one. */
export function LoginForm({ onSignedIn }: { onSignedIn: (api: Api, me: Me) => void }) {
  const [needsCode, setNeedsCode] = useState(false);
  const text = adminText.signIn;

  async function submit(form: FormData) {
    const name = String(form.get('name')).trim();
    const password = String(form.get('password'));
    const code = needsCode ? String(form.get('code')).trim() : '';
    if (name === '' || password === '') throw new ApiError(0, text.bothNeeded);
    try {
      const { api, me } = await logIn(name, password, code === '' ? undefined : code);
      onSignedIn(api, me);
    } catch (error) {
      // The first request for a code is not an error: show its field.
      if (!(error instanceof ApiError) || error.needs !== 'code' || needsCode) throw error;
      setNeedsCode(true);
    }
  }

  return (
    <ActionForm submit={text.submit} working={text.working} onSubmit={submit}>
      {(fieldErrors) => <LoginFields needsCode={needsCode} fieldErrors={fieldErrors} />}
    </ActionForm>
  );
}

/** The fields of the sign-in form. */
export function LoginFields({ needsCode, fieldErrors }: { needsCode: boolean; fieldErrors: Record<string, string> }) {
  const text = adminText.signIn;
  return (
    <>
      <Field label={text.name} name="name" error={fieldErrors.name}>
        {(props) => <input {...props} required maxLength={64} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus />}
      </Field>
      <Field label={text.password} name="password" error={fieldErrors.password}>
        {(props) => <input {...props} type="password" required maxLength={200} autoComplete="current-password" />}
      </Field>
      {needsCode && (
        <Field label={text.code} name="code" hint={text.codeHint} error={fieldErrors.code}>
          {(props) => (
            <input {...props} required maxLength={40} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} autoFocus />
          )}
        </Field>
      )}
    </>
  );
}
