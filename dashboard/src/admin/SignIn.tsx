import { useState } from 'react';
import { adminText } from '../text';
import { isSetupCode } from './access';
import { Api, ApiError } from './api';
import { CopyField } from './CopyField';
import { ActionForm, Field } from './Dialog';

interface SignInProps {
  expired: boolean;
  onToken: (token: string, keepOnDevice: boolean) => void;
}

/** The way in: with the set-up code on the first visit, with a token later. */
export function SignIn({ expired, onToken }: SignInProps) {
  const [first, setFirst] = useState<{ token: string; keep: boolean } | null>(null);
  const text = adminText.signIn;

  async function enter(form: FormData) {
    const entered = String(form.get('secret') ?? '').trim();
    const keep = form.get('keep') !== null;
    if (entered === '') return;
    if (isSetupCode(entered)) {
      setFirst({ token: await new Api(null, adminText).setUp(entered), keep });
      return;
    }
    try {
      await new Api(entered, adminText).system();
    } catch (error) {
      throw error instanceof ApiError && error.status === 401 ? new ApiError(401, text.tokenRefused) : error;
    }
    onToken(entered, keep);
  }

  if (first !== null) {
    return (
      <main className="entrance">
        <h1>{adminText.firstToken.title}</h1>
        <p className="lead">{adminText.firstToken.hint}</p>
        <CopyField label={adminText.firstToken.field} value={first.token} />
        <div className="actions">
          <button type="button" className="button" onClick={() => onToken(first.token, first.keep)}>
            {adminText.firstToken.done}
          </button>
        </div>
      </main>
    );
  }

  return (
    <main className="entrance">
      <h1>{text.title}</h1>
      {expired && (
        <p className="problem" role="alert">
          {text.expired}
        </p>
      )}
      <p className="lead">{text.intro}</p>
      <ActionForm submit={text.submit} working={text.working} onSubmit={enter}>
        {(mistakes) => (
          <>
            <Field label={text.field} name="secret" mistake={mistakes.code}>
              {(props) => <input {...props} type="password" autoComplete="current-password" spellCheck={false} autoFocus required />}
            </Field>
            <label className="check">
              <input type="checkbox" name="keep" defaultChecked /> {text.keep}
            </label>
          </>
        )}
      </ActionForm>
      <p className="aside">
        {text.noToken} <code>{text.command}</code>
      </p>
    </main>
  );
}
