import type { ReactNode } from 'react';
import { adminText } from '../text';
import { CopyField } from './CopyField';
import { Dialog } from './Dialog';

interface SecretDialogProps {
  title: string;
  hint: string;
  label: string;
  secret: string;
  onDone: () => void;
  children?: ReactNode;
}

/** Shows a secret once. Only its button closes the dialog, so that a stray click does not lose the secret. */
export function SecretDialog({ title, hint, label, secret, onDone, children }: SecretDialogProps) {
  return (
    <Dialog title={title}>
      <p>{hint}</p>
      <CopyField label={label} value={secret} />
      {children}
      <div className="actions">
        <button type="button" className="button" onClick={onDone}>
          {adminText.newKey.done}
        </button>
      </div>
    </Dialog>
  );
}
