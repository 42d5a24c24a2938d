import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Dialog } from '../Dialog';
import { maxInPageBytes, type Progress, fetchFile, DownloadDenied, save, fetchSize } from './download';
import type { Recording } from './recordingApi';
import { recordingName, sizeText } from './recordingText';
import { useWatchAccess, withToken } from './watchUrl';

type Stage =
  | { at: 'preparing' }
  | { at: 'reading'; progress: Progress }
  | { at: 'done'; isByBrowser: boolean; size: number }
  | { at: 'failed'; reason: string };

interface DownloadDialogProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Downloads a recording as MP4 and shows progress. Closing aborts it, unless the browser has taken over. */
export function DownloadDialog({ api, recording, channel, onClose }: DownloadDialogProps) {
  const [isDenied, setDenied] = useState(false);
  const { keepToken: keepToken, ...watchAccess } = useWatchAccess(api, recording, channel, isDenied);
  const [stage, setStage] = useState<Stage>({ at: 'preparing' });
  const text = adminText.recordings;
  const fileName = `${recordingName(recording)}.mp4`;

  useEffect(() => {
    if (!watchAccess.isReady) return undefined;
    const abort = new AbortController();
    const url = watchAccess.token === null ? recording.urls.download : withToken(recording.urls.download, watchAccess.token);
    const run = async () => {
      const size = await fetchSize(url, abort.signal);
      if (!(size <= maxInPageBytes)) {
        keepToken();
        save(url, fileName);
        return setStage({ at: 'done', isByBrowser: true, size });
      }
      const blob = await fetchFile(url, abort.signal, (progress) => setStage({ at: 'reading', progress }));
      save(blob, fileName);
      return setStage({ at: 'done', isByBrowser: false, size: blob.size });
    };
    run().catch((error: unknown) => {
      if (abort.signal.aborted) return;
      if (error instanceof DownloadDenied && !isDenied) setDenied(true);
      else
        setStage({
          at: 'failed',
          reason: error instanceof TypeError || !(error instanceof Error) ? adminText.serverUnreachable : error.message,
        });
    });
    return () => abort.abort();
  }, [watchAccess.isReady, watchAccess.token, recording.urls.download, fileName, keepToken, isDenied]);

  const error = watchAccess.error ?? (stage.at === 'failed' ? text.downloadFailed(stage.reason) : null);
  const isFinished = error !== null || stage.at === 'done';
  return (
    <Dialog title={text.downloadTitle(recordingName(recording))} onClose={onClose} keepOpen>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
      {error === null && stage.at === 'preparing' && (
        <>
          <p role="status">{text.preparingDownload}</p>
          <progress className="progress" aria-label={text.preparingDownload} />
        </>
      )}
      {error === null && stage.at === 'reading' && (
        <>
          <p>{text.downloadProgress(sizeText(stage.progress.done), sizeText(stage.progress.total))}</p>
          <progress
            className="progress"
            value={stage.progress.done}
            max={stage.progress.total}
            aria-label={text.downloadTitle(recordingName(recording))}
          />
        </>
      )}
      {error === null && stage.at === 'done' && (
        <p role="status">
          {stage.isByBrowser ? text.downloadedByBrowser(sizeText(stage.size)) : text.downloadComplete(sizeText(stage.size))}
        </p>
      )}
      <div className="actions">
        <button type="button" className={isFinished ? 'button' : 'button secondary'} onClick={onClose}>
          {isFinished ? adminText.close : adminText.cancel}
        </button>
      </div>
    </Dialog>
  );
}
