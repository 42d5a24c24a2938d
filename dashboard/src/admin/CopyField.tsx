import { useEffect, useRef } from 'react';
import { adminText } from '../text';
import { copyLabel, useCopyFeedback } from './copyFeedback';

interface CopyFieldProps {
  label: string;
  value: string;
  /** Whether the field takes over the focus of the element that it replaces, unless another element has it. */
  takesFocus?: boolean;
}

/** A read-only value with a copy button. */
export function CopyField({ label, value, takesFocus = false }: CopyFieldProps) {
  const { result, report } = useCopyFeedback();
  const buttonText = copyLabel(result, adminText.copy);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (takesFocus && (document.activeElement === null || document.activeElement === document.body)) input.current?.focus();
  }, [takesFocus]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      report(true);
    } catch {
      // The clipboard API requires HTTPS; the selection can be copied without it.
      input.current?.select();
      report(document.execCommand('copy'));
    }
  }

  return (
    <div className="copy">
      <span className="copy-label">{label}</span>
      <div className="copy-row">
        <input ref={input} readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" className="button secondary" onClick={() => void copy()} aria-label={`${buttonText}: ${label}`}>
          <span aria-live="polite">{buttonText}</span>
        </button>
      </div>
    </div>
  );
}
