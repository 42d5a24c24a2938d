import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { type RecordingUsage, recordingUsage } from './recordingApi';
import { usageWords } from './recordingWords';

const countingMs = 4000;
const settledMs = 120_000;

/** What all recordings take in the store, asked again while it is being counted. */
export function UsageLine({ api }: { api: Api }) {
  const [usage, setUsage] = useState<RecordingUsage | null>(null);

  useEffect(() => {
    let timer: number | undefined;
    let isGone = false;
    const again = (after: number) => {
      if (!isGone) timer = window.setTimeout(ask, after);
    };
    function ask() {
      recordingUsage(api).then(
        (found) => {
          if (!isGone) setUsage(found);
          again(found.countedAll || found.counted === found.sessions ? settledMs : countingMs);
        },
        () => again(settledMs),
      );
    }
    ask();
    return () => {
      isGone = true;
      window.clearTimeout(timer);
    };
  }, [api]);

  const words = usage === null ? '' : usageWords(usage);
  return (
    <p className="usage field-hint" hidden={words === ''}>
      {adminText.recordings.usageLabel}: {words}
    </p>
  );
}
