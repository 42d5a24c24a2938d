import { useState } from 'react';
import { adminText } from '../../text';
import { ApiError } from '../api';

/** One request at a time, with the text of its failure. */
export function useTask(onDone: () => void): { isBusy: boolean; error: string; run: (task: () => Promise<unknown>) => Promise<void> } {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState('');

  async function run(task: () => Promise<unknown>) {
    if (isBusy) return;
    setBusy(true);
    setError('');
    try {
      await task();
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.fullMessage : adminText.failed);
    } finally {
      setBusy(false);
      onDone();
    }
  }

  return { isBusy, error, run };
}
