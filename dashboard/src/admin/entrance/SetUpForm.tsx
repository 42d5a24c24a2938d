import { adminText } from '../../text';
import { isSetupCode } from '../access';
import { type Api, ApiError, type Me } from '../api';
import { ActionForm, Field } from '../Dialog';
import { setUp } from '../session';

/** What is wrong with what was entered, as far as that can be told without the server. */
export function setUpMistakes(code: string, password: string, again: string): Record<string, string> {
  const text = adminText.signIn;
  const mistakes: Record<string, string> = {};
  if (!isSetupCode(code)) mistakes.code = text.notACode;
  if (password !== again) mistakes.again = text.notTheSame;
  return mistakes;
}

/** The first visit: the code that the server printed becomes an account. */
export function SetUpForm({ code, onIn }: { code: string; onIn: (api: Api, me: Me) => void }) {
  const text = adminText.signIn;

  async function enter(form: FormData) {
    const entered = String(form.get('code')).trim();
    const password = String(form.get('password'));
    const mistakes = setUpMistakes(entered, password, String(form.get('again')));
    if (Object.keys(mistakes).length > 0) throw new ApiError(0, adminText.failed, mistakes);
    const { api, me } = await setUp(entered, String(form.get('name')).trim().toLowerCase(), password);
    onIn(api, me);
  }

  return (
    <>
      <p className="lead">{text.setUpIntro}</p>
      <ActionForm submit={text.setUpSubmit} working={text.working} onSubmit={enter}>
        {(mistakes) => (
          <>
            <Field label={text.setUpCode} name="code" hint={text.setUpCodeHint} mistake={mistakes.code}>
              {(props) => <input {...props} defaultValue={code} required maxLength={60} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus={code === ''} />}
            </Field>
            <Field label={text.name} name="name" hint={text.nameHint} mistake={mistakes.name}>
              {(props) => <input {...props} required maxLength={64} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus={code !== ''} />}
            </Field>
            <Field label={text.password} name="password" hint={text.passwordHint} mistake={mistakes.password}>
              {(props) => <input {...props} type="password" required maxLength={200} autoComplete="new-password" />}
            </Field>
            <Field label={text.again} name="again" mistake={mistakes.again}>
              {(props) => <input {...props} type="password" required maxLength={200} autoComplete="new-password" />}
            </Field>
          </>
        )}
      </ActionForm>
    </>
  );
}
