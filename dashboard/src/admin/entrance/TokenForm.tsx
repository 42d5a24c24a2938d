import { adminText } from '../../text';
import { isSetupCode, storeToken } from '../access';
import { Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';

interface TokenFormProps {
  onIn: (api: Api, me: Me) => void;
  /** Somebody entered the set-up code here. */
  onSetUpCode: (code: string) => void;
}

/** A token, as programs send it. */
export function TokenForm({ onIn, onSetUpCode }: TokenFormProps) {
  const text = adminText.signIn;

  async function enter(form: FormData) {
    const entered = String(form.get('secret')).trim();
    if (entered === '') throw new ApiError(0, text.tokenNeeded);
    if (isSetupCode(entered)) {
      onSetUpCode(entered);
      return;
    }
    const api = new Api(entered, adminText);
    let me: Me;
    try {
      me = await api.me();
    } catch (error) {
      throw error instanceof ApiError && error.status === 401 ? new ApiError(401, text.tokenRefused) : error;
    }
    storeToken(entered, form.get('keep') !== null);
    onIn(api, me);
  }

  return (
    <>
      <ActionForm submit={text.submit} working={text.working} onSubmit={enter}>
        {(mistakes) => (
          <>
            <Field label={text.token} name="secret" mistake={mistakes.secret}>
              {(props) => <input {...props} type="password" autoComplete="current-password" spellCheck={false} autoFocus required />}
            </Field>
            <label className="check">
              <input type="checkbox" name="keep" defaultChecked /> {text.keep}
            </label>
          </>
        )}
      </ActionForm>
      <p className="field-hint">
        {text.noToken} <code>{text.command}</code>
      </p>
    </>
  );
}
