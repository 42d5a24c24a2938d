import { adminText } from '../../text';
import { isSetupCode } from '../access';
import { type Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';
import { setUpServer } from '../session';

/** Validation errors that need no server request. */
export function validateSetup(code: string, password: string, repeated: string): Record<string, string> {
  const text = adminText.signIn;
  const fieldErrors: Record<string, string> = {};
  if (!isSetupCode(code)) fieldErrors.code = text.invalidSetupCode;
  if (password !== repeated) fieldErrors.again = text.passwordMismatch;
  return fieldErrors;
}

/** Creates the first account with the set-up code that the server printed. */
export function SetupForm({ code, onSignedIn }: { code: string; onSignedIn: (api: Api, me: Me) => void }) {
  const text = adminText.signIn;

  async function submit(form: FormData) {
    const enteredCode = String(form.get('code')).trim();
    const password = String(form.get('password'));
    const fieldErrors = validateSetup(enteredCode, password, String(form.get('again')));
    if (Object.keys(fieldErrors).length > 0) throw new ApiError(0, adminText.failed, fieldErrors);
    const { api, me } = await setUpServer(enteredCode, String(form.get('name')).trim().toLowerCase(), password);
    onSignedIn(api, me);
  }

  return (
    <>
      <p className="lead">{text.setupIntro}</p>
      <ActionForm submit={text.setupSubmit} working={text.working} onSubmit={submit}>
        {(fieldErrors) => (
          <>
            <Field label={text.setupCode} name="code" hint={text.setupCodeHint} error={fieldErrors.code}>
              {(props) => (
                <input
                  {...props}
                  defaultValue={code}
                  required
                  maxLength={60}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  autoFocus={code === ''}
                />
              )}
            </Field>
            <Field label={text.name} name="name" hint={text.nameHint} error={fieldErrors.name}>
              {(props) => (
                <input
                  {...props}
                  required
                  maxLength={64}
                  autoComplete="username"
                  autoCapitalize="none"
                  spellCheck={false}
                  autoFocus={code !== ''}
                />
              )}
            </Field>
            <Field label={text.password} name="password" hint={text.passwordHint} error={fieldErrors.password}>
              {(props) => <input {...props} type="password" required maxLength={200} autoComplete="new-password" />}
            </Field>
            <Field label={text.repeatPassword} name="again" error={fieldErrors.again}>
              {(props) => <input {...props} type="password" required maxLength={200} autoComplete="new-password" />}
            </Field>
          </>
        )}
      </ActionForm>
    </>
  );
}
