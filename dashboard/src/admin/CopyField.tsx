import { useEffect, useRef } from 'react';
import { adminText } from '../text';
import { copyWords, useCopying } from './copying';

interface CopyFieldProps {
  label: string;
  value: string;
  /** Whether it stands in the place of what had the focus, and takes it where nothing else has it by then. */
  takesFocus?: boolean;
}

/** A value to take elsewhere: selectable as a whole, with a button that copies it. */
export function CopyField({ label, value, takesFocus = false }: CopyFieldProps) {
  const { told, done } = useCopying();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (takesFocus && (document.activeElement === null || document.activeElement === document.body)) input.current?.focus();
  }, [takesFocus]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      done(true);
    } catch {
      // Without HTTPS there is no clipboard to write to: the selection is.
      input.current?.select();
      done(document.execCommand('copy'));
    }
  }

  return (
    <div className="copy">
      <span className="copy-label">{label}</span>
      <div className="copy-row">
        <input ref={input} readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" className="button quiet" onClick={() => void copy()} aria-label={`${adminText.copy}: ${label}`}>
          <span aria-live="polite">{copyWords(told, adminText.copy)}</span>
        </button>
      </div>
    </div>
  );
}
