import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { type RecordingUsage, recordingUsage } from './recordingApi';
import { usageText } from './recordingText';

const countingPollMs = 4000;
const pollMs = 120_000;

/** Storage used by all recordings, polled while it is being counted. */
export function UsageLine({ api }: { api: Api }) {
  const [usage, setUsage] = useState<RecordingUsage | null>(null);

  useEffect(() => {
    let timer: number | undefined;
    let isDisposed = false;
    const schedule = (delayMs: number) => {
      if (!isDisposed) timer = window.setTimeout(load, delayMs);
    };
    function load() {
      recordingUsage(api).then(
        (found) => {
          if (!isDisposed) setUsage(found);
          schedule(found.isComplete || found.counted === found.sessions ? pollMs : countingPollMs);
        },
        () => schedule(pollMs),
      );
    }
    load();
    return () => {
      isDisposed = true;
      window.clearTimeout(timer);
    };
  }, [api]);

  const text = usage === null ? '' : usageText(usage);
  return (
    <p className="usage field-hint" hidden={text === ''}>
      {adminText.recordings.usageLabel}: {text}
    </p>
  );
}
