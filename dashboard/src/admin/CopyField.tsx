import { useEffect, useRef, useState } from 'react';
import { adminText } from '../text';

/** A value to take elsewhere: selectable as a whole, with a button that copies it. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!copied) return undefined;
    const timer = window.setTimeout(() => setCopied(false), 2000);
    return () => window.clearTimeout(timer);
  }, [copied]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Without HTTPS there is no clipboard to write to: the selection is.
      input.current?.select();
      if (!document.execCommand('copy')) return;
    }
    setCopied(true);
  }

  return (
    <div className="copy">
      <span className="copy-label">{label}</span>
      <div className="copy-row">
        <input ref={input} readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" className="button quiet" onClick={() => void copy()} aria-label={`${adminText.copy}: ${label}`}>
          <span aria-live="polite">{copied ? adminText.copied : adminText.copy}</span>
        </button>
      </div>
    </div>
  );
}
