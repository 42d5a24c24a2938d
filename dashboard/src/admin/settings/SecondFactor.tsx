import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { CopyField } from '../CopyField';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';
import { usePolled } from '../usePolled';
import { beginTotp, confirmTotp, endTotp } from './userApi';
import { QrCode } from './QrCode';

type DialogState =
  { kind: 'password' } | { kind: 'secret'; secret: string; uri: string } | { kind: 'codes'; codes: string[] } | { kind: 'end' };

/** Turns two-factor authentication on and off. */
export function SecondFactor({ api, me, onExpired }: { api: Api; me: Me; onExpired: () => void }) {
  const account = usePolled(
    useCallback(() => api.me(), [api]),
    60_000,
    onExpired,
  );
  const [dialog, setDialog] = useState<DialogState | null>(null);
  const text = adminText.settings.account;
  const isEnabled = (account.data ?? me).totp === true;
  const close = () => setDialog(null);

  return (
    <section className="block">
      <h2>{text.totp}</h2>
      <p>{isEnabled ? text.totpOn : text.totpOff}</p>
      <div className="tools">
        <button type="button" className="button secondary" onClick={() => setDialog({ kind: isEnabled ? 'end' : 'password' })}>
          {isEnabled ? text.totpDisable : text.totpEnable}
        </button>
      </div>

      {dialog?.kind === 'password' && (
        <Dialog title={text.totpEnableTitle} onClose={close}>
          <ActionForm
            submit={text.totpNext}
            onCancel={close}
            onSubmit={async (form) => setDialog({ kind: 'secret', ...(await beginTotp(api, String(form.get('totp-password')))) })}
          >
            {(fieldErrors) => (
              <TextField
                label={text.totpPassword}
                name="totp-password"
                error={fieldErrors.password}
                type="password"
                required
                autoComplete="current-password"
                autoFocus
              />
            )}
          </ActionForm>
        </Dialog>
      )}
      {dialog?.kind === 'secret' && (
        <Dialog title={text.totpEnableTitle}>
          <p>{text.totpSecretHint}</p>
          <QrCode text={dialog.uri} label={text.totpQrLabel} />
          <CopyField label={text.totpSecret} value={dialog.secret} />
          <CopyField label={text.totpUri} value={dialog.uri} />
          <a className="link" href={dialog.uri}>
            {text.totpOpen}
          </a>
          <ActionForm
            submit={text.totpConfirm}
            onCancel={close}
            onSubmit={async (form) => {
              const { recoveryCodes } = await confirmTotp(api, String(form.get('code')).trim());
              setDialog({ kind: 'codes', codes: recoveryCodes });
              account.refresh();
            }}
          >
            {(fieldErrors) => (
              <TextField
                label={text.totpCode}
                name="code"
                error={fieldErrors.code}
                inputMode="numeric"
                required
                maxLength={20}
                autoComplete="one-time-code"
                autoFocus
              />
            )}
          </ActionForm>
        </Dialog>
      )}
      {dialog?.kind === 'codes' && (
        <Dialog title={text.recoveryTitle}>
          <p>{text.recoveryHint}</p>
          <ul className="recovery">
            {dialog.codes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
          <CopyField label={text.recovery} value={dialog.codes.join(' ')} />
          <div className="actions">
            <button type="button" className="button" onClick={close}>
              {adminText.newKey.done}
            </button>
          </div>
        </Dialog>
      )}
      {dialog?.kind === 'end' && (
        <Dialog title={text.totpDisableTitle} onClose={close}>
          <ActionForm
            submit={text.totpDisable}
            danger
            onCancel={close}
            onSubmit={async (form) => {
              await endTotp(api, String(form.get('code')).trim());
              close();
              account.refresh();
            }}
          >
            {(fieldErrors) => (
              <TextField
                label={text.totpCode}
                name="code"
                hint={text.totpDisableHint}
                error={fieldErrors.code}
                required
                maxLength={40}
                autoComplete="one-time-code"
                autoFocus
              />
            )}
          </ActionForm>
        </Dialog>
      )}
    </section>
  );
}
