import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Dialog } from '../Dialog';
import { mostInPage, type Progress, readFile, Refused, save, sizeOf } from './download';
import type { Recording } from './recordingApi';
import { recordingName, sizeText } from './recordingWords';
import { useWatchAccess, withToken } from './watchAddress';

type Stage = { at: 'preparing' } | { at: 'reading'; progress: Progress } | { at: 'done'; byBrowser: boolean; size: number } | { at: 'failed'; why: string };

interface DownloadDialogProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Downloads a recording as MP4 and tells how far it is. Closing gives it up, but for what the browser has taken over. */
export function DownloadDialog({ api, recording, channel, onClose }: DownloadDialogProps) {
  const [refused, setRefused] = useState(false);
  const { keep, ...access } = useWatchAccess(api, recording, channel, refused);
  const [stage, setStage] = useState<Stage>({ at: 'preparing' });
  const text = adminText.recordings;
  const file = `${recordingName(recording)}.mp4`;

  useEffect(() => {
    if (!access.isReady) return undefined;
    const giveUp = new AbortController();
    const address = access.token === null ? recording.addresses.download : withToken(recording.addresses.download, access.token);
    const run = async () => {
      const size = await sizeOf(address, giveUp.signal);
      if (!(size <= mostInPage)) {
        keep();
        save(address, file);
        return setStage({ at: 'done', byBrowser: true, size });
      }
      const blob = await readFile(address, giveUp.signal, (progress) => setStage({ at: 'reading', progress }));
      save(blob, file);
      return setStage({ at: 'done', byBrowser: false, size: blob.size });
    };
    run().catch((error: unknown) => {
      if (giveUp.signal.aborted) return;
      if (error instanceof Refused && !refused) setRefused(true);
      else setStage({ at: 'failed', why: error instanceof TypeError || !(error instanceof Error) ? adminText.serverSilent : error.message });
    });
    return () => giveUp.abort();
  }, [access.isReady, access.token, recording.addresses.download, file, keep, refused]);

  const problem = access.problem ?? (stage.at === 'failed' ? text.downloadFailed(stage.why) : null);
  const isOver = problem !== null || stage.at === 'done';
  return (
    <Dialog title={text.downloadTitle(recordingName(recording))} onClose={onClose} stays>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {problem === null && stage.at === 'preparing' && (
        <>
          <p role="status">{text.preparing}</p>
          <progress className="progress" aria-label={text.preparing} />
        </>
      )}
      {problem === null && stage.at === 'reading' && (
        <>
          <p>{text.downloaded(sizeText(stage.progress.done), sizeText(stage.progress.total))}</p>
          <progress className="progress" value={stage.progress.done} max={stage.progress.total} aria-label={text.downloadTitle(recordingName(recording))} />
        </>
      )}
      {problem === null && stage.at === 'done' && <p role="status">{stage.byBrowser ? text.browserDownloads(sizeText(stage.size)) : text.isDownloaded(sizeText(stage.size))}</p>}
      <div className="actions">
        <button type="button" className={isOver ? 'button' : 'button quiet'} onClick={onClose}>
          {isOver ? adminText.close : adminText.cancel}
        </button>
      </div>
    </Dialog>
  );
}
