import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { adminText } from '../text';
import { ApiError } from './api';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** Called on Escape or a click on the backdrop. Omit it if closing would lose data. */
  onClose?: () => void;
  /** Whether the dialog ignores clicks on the backdrop, so that they do not discard input. */
  keepOpen?: boolean;
}

/** A modal dialog. The browser traps the focus and restores it. */
export function Dialog({ title, children, onClose, keepOpen = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={(event) => {
        // Some browsers close the dialog on a second Escape, although the first was prevented. A dialog without `onClose` reopens.
        if (event.currentTarget.open) return;
        if (onClose) onClose();
        else event.currentTarget.showModal();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current && !keepOpen) onClose?.();
      }}
    >
      <div className="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ActionFormProps {
  submit: string;
  working?: string;
  danger?: boolean;
  onSubmit: (form: FormData) => Promise<void>;
  onCancel?: () => void;
  children: (fieldErrors: Record<string, string>) => ReactNode;
}

/** A form that sends one API request. It shows progress, and the server's errors next to the fields. */
export function ActionForm({ submit, working, danger = false, onSubmit, onCancel, children }: ActionFormProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const form = useRef<HTMLFormElement>(null);

  // Move the focus to the first invalid field.
  useEffect(() => {
    if (error !== null) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);

  async function run(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await onSubmit(new FormData(event.currentTarget));
    } catch (error) {
      setError(error instanceof ApiError ? error : new ApiError(0, adminText.failed));
    } finally {
      setBusy(false);
    }
  }

  const fieldErrors = error?.fieldErrors ?? {};
  return (
    <form ref={form} className="form" onSubmit={(event) => void run(event)} noValidate>
      {children(fieldErrors)}
      {error !== null && Object.keys(fieldErrors).length === 0 && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
      <div className="actions">
        {onCancel && (
          <button type="button" className="button secondary" onClick={onCancel}>
            {adminText.cancel}
          </button>
        )}
        <button type="submit" className={danger ? 'button danger' : 'button'} aria-busy={isBusy} disabled={isBusy}>
          {isBusy ? (working ?? submit) : submit}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string;
  error?: string;
  children: (props: { id: string; name: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }) => ReactNode;
}

/** A labeled input with a hint, or with an error in its place. */
export function Field({ label, name, hint, error, children }: FieldProps) {
  const id = `field-${name}`;
  const description = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, name, 'aria-describedby': description ? `${id}-below` : undefined, 'aria-invalid': error !== undefined })}
      {description && (
        <p id={`${id}-below`} className={error ? 'field-error' : 'field-hint'} role={error ? 'alert' : undefined}>
          {description}
        </p>
      )}
    </div>
  );
}
