import { adminText } from '../../text';
import { isSetupCode, storeToken } from '../access';
import { Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';

interface TokenFormProps {
  onSignedIn: (api: Api, me: Me) => void;
  /** Called if the user entered a set-up code instead of a token. */
  onSetupCode: (code: string) => void;
}

/** Signs in with an API token. */
export function TokenForm({ onSignedIn, onSetupCode }: TokenFormProps) {
  const text = adminText.signIn;

  async function submit(form: FormData) {
    const enteredToken = String(form.get('secret')).trim();
    if (enteredToken === '') throw new ApiError(0, text.tokenNeeded);
    if (isSetupCode(enteredToken)) {
      onSetupCode(enteredToken);
      return;
    }
    const api = new Api(enteredToken, adminText);
    let me: Me;
    try {
      me = await api.me();
    } catch (error) {
      throw error instanceof ApiError && error.status === 401 ? new ApiError(401, text.tokenInvalid) : error;
    }
    storeToken(enteredToken, form.get('keep') !== null);
    onSignedIn(api, me);
  }

  return (
    <>
      <ActionForm submit={text.submit} working={text.working} onSubmit={submit}>
        {(fieldErrors) => (
          <>
            <Field label={text.token} name="secret" error={fieldErrors.secret}>
              {(props) => <input {...props} type="password" autoComplete="current-password" spellCheck={false} autoFocus required />}
            </Field>
            <label className="check">
              <input type="checkbox" name="keep" defaultChecked /> {text.staySignedIn}
            </label>
          </>
        )}
      </ActionForm>
      <p className="field-hint">
        {text.createTokenHint} <code>{text.command}</code>
      </p>
    </>
  );
}
