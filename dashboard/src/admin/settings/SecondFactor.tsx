import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { CopyField } from '../CopyField';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';
import { usePolled } from '../usePolled';
import { beginTotp, confirmTotp, endTotp } from './peopleApi';
import { QrCode } from './QrCode';

type Step = { at: 'password' } | { at: 'secret'; secret: string; uri: string } | { at: 'codes'; codes: string[] } | { at: 'end' };

/** Turns the code at sign-in on and off. */
export function SecondFactor({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const now = usePolled(useCallback(() => api.me(), [api]), 60_000, onExpired);
  const [step, setStep] = useState<Step | null>(null);
  const text = adminText.settings.account;
  const isOn = (now.data ?? me).totp === true;
  const close = () => setStep(null);

  return (
    <section className="block">
      <h2>{text.totp}</h2>
      <p>{isOn ? text.totpOn : text.totpOff}</p>
      <div className="tools">
        <button type="button" className="button quiet" onClick={() => setStep({ at: isOn ? 'end' : 'password' })}>
          {isOn ? text.totpEnd : text.totpBegin}
        </button>
      </div>

      {step?.at === 'password' && (
        <Dialog title={text.totpBeginTitle} onClose={close}>
          <ActionForm submit={text.totpNext} onCancel={close} onSubmit={async (form) => setStep({ at: 'secret', ...(await beginTotp(api, String(form.get('totp-password')))) })}>
            {(mistakes) => <TextField label={text.totpPassword} name="totp-password" mistake={mistakes.password} type="password" required autoComplete="current-password" autoFocus />}
          </ActionForm>
        </Dialog>
      )}
      {step?.at === 'secret' && (
        <Dialog title={text.totpBeginTitle}>
          <p>{text.totpSecretHint}</p>
          <QrCode text={step.uri} label={text.totpPicture} />
          <CopyField label={text.totpSecret} value={step.secret} />
          <CopyField label={text.totpAddress} value={step.uri} />
          <a className="link" href={step.uri}>
            {text.totpOpen}
          </a>
          <ActionForm
            submit={text.totpConfirm}
            onCancel={close}
            onSubmit={async (form) => {
              const { recoveryCodes } = await confirmTotp(api, String(form.get('code')).trim());
              setStep({ at: 'codes', codes: recoveryCodes });
              now.refresh();
            }}
          >
            {(mistakes) => <TextField label={text.totpCode} name="code" mistake={mistakes.code} inputMode="numeric" required maxLength={20} autoComplete="one-time-code" autoFocus />}
          </ActionForm>
        </Dialog>
      )}
      {step?.at === 'codes' && (
        <Dialog title={text.recoveryTitle}>
          <p>{text.recoveryHint}</p>
          <ul className="recovery">
            {step.codes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
          <CopyField label={text.recovery} value={step.codes.join(' ')} />
          <div className="actions">
            <button type="button" className="button" onClick={close}>
              {adminText.newKey.done}
            </button>
          </div>
        </Dialog>
      )}
      {step?.at === 'end' && (
        <Dialog title={text.totpEndTitle} onClose={close}>
          <ActionForm
            submit={text.totpEnd}
            danger
            onCancel={close}
            onSubmit={async (form) => {
              await endTotp(api, String(form.get('code')).trim());
              close();
              now.refresh();
            }}
          >
            {(mistakes) => <TextField label={text.totpCode} name="code" hint={text.totpEndHint} mistake={mistakes.code} required maxLength={40} autoComplete="one-time-code" autoFocus />}
          </ActionForm>
        </Dialog>
      )}
    </section>
  );
}
