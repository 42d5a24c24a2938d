import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { adminText } from '../text';
import { ApiError } from './api';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** Escape, or a press on what lies around it. Left out where closing would lose something. */
  onClose?: () => void;
  /** Whether a press beside it leaves it open: where much was typed, a stray one must not lose it. */
  stays?: boolean;
}

/** A modal dialog: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, children, onClose, stays = false }: DialogProps) {
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
        // A second Escape closes it in some browsers whatever was said to the first: one that must not be lost comes back.
        if (event.currentTarget.open) return;
        if (onClose) onClose();
        else event.currentTarget.showModal();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current && !stays) onClose?.();
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
  children: (mistakes: Record<string, string>) => ReactNode;
}

/** A form that does one thing with the API, says while it does, and shows what the server had against it beside the fields. */
export function ActionForm({ submit, working, danger = false, onSubmit, onCancel, children }: ActionFormProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const form = useRef<HTMLFormElement>(null);

  // Who has to mend something is taken to the first of it.
  useEffect(() => {
    if (problem !== null) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);

  async function run(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit(new FormData(event.currentTarget));
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, adminText.failed));
    } finally {
      setBusy(false);
    }
  }

  const mistakes = problem?.mistakes ?? {};
  return (
    <form ref={form} className="form" onSubmit={(event) => void run(event)} noValidate>
      {children(mistakes)}
      {problem !== null && Object.keys(mistakes).length === 0 && (
        <p className="problem" role="alert">
          {problem.message}
        </p>
      )}
      <div className="actions">
        {onCancel && (
          <button type="button" className="button quiet" onClick={onCancel}>
            {adminText.cancel}
          </button>
        )}
        <button type="submit" className={danger ? 'button danger' : 'button'} aria-busy={busy} disabled={busy}>
          {busy ? (working ?? submit) : submit}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string;
  mistake?: string;
  children: (props: { id: string; name: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }) => ReactNode;
}

/** A labeled input with a hint, or with what is wrong in its place. */
export function Field({ label, name, hint, mistake, children }: FieldProps) {
  const id = `field-${name}`;
  const below = mistake ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, name, 'aria-describedby': below ? `${id}-below` : undefined, 'aria-invalid': mistake !== undefined })}
      {below && (
        <p id={`${id}-below`} className={mistake ? 'field-mistake' : 'field-hint'} role={mistake ? 'alert' : undefined}>
          {below}
        </p>
      )}
    </div>
  );
}
