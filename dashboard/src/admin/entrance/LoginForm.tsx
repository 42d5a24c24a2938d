import { useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';
import { logIn } from '../session';

/** Name and password; a code too, once the server says that it needs one. */
export function LoginForm({ onIn }: { onIn: (api: Api, me: Me) => void }) {
  const [needsCode, setNeedsCode] = useState(false);
  const text = adminText.signIn;

  async function enter(form: FormData) {
    const name = String(form.get('name')).trim();
    const password = String(form.get('password'));
    const code = needsCode ? String(form.get('code')).trim() : '';
    if (name === '' || password === '') throw new ApiError(0, text.bothNeeded);
    try {
      const { api, me } = await logIn(name, password, code === '' ? undefined : code);
      onIn(api, me);
    } catch (error) {
      // Asked for the first time it is no mistake: the field for it comes up.
      if (!(error instanceof ApiError) || error.needs !== 'code' || needsCode) throw error;
      setNeedsCode(true);
    }
  }

  return (
    <ActionForm submit={text.submit} working={text.working} onSubmit={enter}>
      {(mistakes) => <LoginFields needsCode={needsCode} mistakes={mistakes} />}
    </ActionForm>
  );
}

/** What a login asks for. */
export function LoginFields({ needsCode, mistakes }: { needsCode: boolean; mistakes: Record<string, string> }) {
  const text = adminText.signIn;
  return (
    <>
      <Field label={text.name} name="name" mistake={mistakes.name}>
        {(props) => <input {...props} required maxLength={64} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus />}
      </Field>
      <Field label={text.password} name="password" mistake={mistakes.password}>
        {(props) => <input {...props} type="password" required maxLength={200} autoComplete="current-password" />}
      </Field>
      {needsCode && (
        <Field label={text.code} name="code" hint={text.codeHint} mistake={mistakes.code}>
          {(props) => <input {...props} required maxLength={40} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} autoFocus />}
        </Field>
      )}
    </>
  );
}
