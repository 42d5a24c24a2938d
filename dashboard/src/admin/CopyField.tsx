import { useRef } from 'react';
import { adminText } from '../text';
import { copyWords, useCopying } from './copying';

/** A value to take elsewhere: selectable as a whole, with a button that copies it. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const { told, done } = useCopying();
  const input = useRef<HTMLInputElement>(null);

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
