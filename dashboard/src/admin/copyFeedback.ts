import { useEffect, useMemo, useState } from 'react';
import { adminText } from '../text';

// How long the result of a copy is shown.
const feedbackMs = 2000;

/** Result of the last copy, while it is shown. */
export type CopyResult = 'copied' | 'failed' | null;

/** Reports the result of a copy for two seconds. Another copy restarts the time. */
export function createCopyFeedback(onChange: (result: CopyResult) => void): { report: (isCopied: boolean) => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    report(isCopied) {
      clearTimeout(timer);
      onChange(isCopied ? 'copied' : 'failed');
      timer = setTimeout(() => onChange(null), feedbackMs);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Text of a copy button; `name` while no result is shown. */
export function copyLabel(result: CopyResult, name: string): string {
  if (result === null) return name;
  return result === 'copied' ? adminText.copied : adminText.notCopied;
}

/** Result of the last copy, and a function that reports one. */
export function useCopyFeedback(): { result: CopyResult; report: (isCopied: boolean) => void } {
  const [result, setResult] = useState<CopyResult>(null);
  const feedback = useMemo(() => createCopyFeedback(setResult), []);
  useEffect(() => feedback.stop, [feedback]);
  return { result, report: feedback.report };
}
