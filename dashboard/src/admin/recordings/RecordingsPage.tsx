import './recordings.css';
import { useCallback, useEffect, useState } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import { type Api, ApiError, type Channel } from '../api';
import { Notice, type NoticeMessage } from '../Notice';
import { usePages } from '../usePages';
import { changeRecording, listRecordings, type Recording, recordingPageSize } from './recordingApi';
import { type RecordingAction, RecordingDialogs } from './RecordingDialogs';
import { RecordingRow } from './RecordingRow';
import { RecordingTools } from './RecordingTools';
import { recordingName } from './recordingText';
import { UsageLine } from './UsageLine';
import { requiresToken } from './watchUrl';

const searchDelayMs = 300;

interface RecordingsPageProps {
  api: Api;
  /** Scheme and host of the viewer pages. */
  origin: string;
  role: string;
  /** Null until loaded. */
  channels: readonly Channel[] | null;
}

/** The recordings page, newest first. */
export function RecordingsPage({ api, origin, role, channels }: RecordingsPageProps) {
  const [channel, setChannel] = useState('');
  const [kind, setKind] = useState('');
  const [day, setDay] = useState('');
  const [searchText, setSearchText] = useState('');
  const [q, setQ] = useState('');
  const [sizes, setSizes] = useState<Record<string, number>>({});
  const [notice, setNotice] = useState<NoticeMessage | null>(null);
  const [openDialog, setOpenDialog] = useState<{ action: RecordingAction; recording: Recording } | null>(null);
  const text = adminText.recordings;
  const isFiltered = channel !== '' || kind !== '' || q !== '' || day !== '';

  // Debounce typing.
  useEffect(() => {
    const timer = window.setTimeout(() => setQ(searchText.trim()), searchDelayMs);
    return () => window.clearTimeout(timer);
  }, [searchText]);

  const load = useCallback(
    (before?: string) => {
      const filter = { channel, kind, q, day };
      // Sizes take longer to count than the list to load, so they are requested separately.
      listRecordings(api, filter, before, true).then(
        (loaded) =>
          setSizes((current) => ({
            ...current,
            ...Object.fromEntries(loaded.flatMap(({ id, bytes }) => (typeof bytes === 'number' ? [[id, bytes]] : []))),
          })),
        () => undefined,
      );
      return listRecordings(api, filter, before);
    },
    [api, channel, kind, q, day],
  );
  const { items, error, hasMore, loadMore, reload, replace } = usePages(load, recordingPageSize);
  const channelOf = (recording: Recording) => channels?.find((one) => one.name === recording.channel);

  // Applied optimistically; reverted if the server rejects it.
  async function setVisibility(recording: Recording, visibility: string) {
    const name = recordingName(recording);
    replace({ ...recording, visibility });
    try {
      const changed = await changeRecording(api, recording.id, { visibility });
      replace(changed);
      setNotice({
        text: visibility === 'private' ? text.nowHidden(name) : text.nowShown(name, text.visibilities[visibility] ?? visibility),
        undo: () => void setVisibility(changed, recording.visibility),
      });
    } catch (error) {
      replace(recording);
      setNotice({ text: text.changeFailed(name, error instanceof ApiError ? error.fullMessage : adminText.failed), isError: true });
    }
  }

  function handleChange(message?: string) {
    if (message !== undefined) setNotice({ text: message });
    reload();
  }

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        <UsageLine api={api} />
      </div>
      <RecordingTools
        channels={channels ?? []}
        channel={channel}
        kind={kind}
        day={day}
        searchText={searchText}
        onChannel={setChannel}
        onKind={setKind}
        onDay={setDay}
        onSearchText={setSearchText}
      />
      <p className="result-count" role="status">
        {isFiltered && items !== null && items.length > 0 ? text.resultCount(items.length, hasMore) : ''}
      </p>
      {notice !== null && <Notice message={notice} onClose={() => setNotice(null)} />}
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {items === null && error === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && (
        <div className="empty">
          <p className="empty-title">{isFiltered ? text.emptyFilter : text.empty}</p>
          <p>{isFiltered ? text.emptyFilterHint : text.emptyHint}</p>
        </div>
      )}
      <ul className="recordings">
        {items?.map((recording) => (
          <RecordingRow
            key={recording.id}
            recording={recording}
            bytes={sizes[recording.id]}
            needsLink={requiresToken(recording, channelOf(recording))}
            canManage={hasRole(role, 'producer')}
            canDelete={hasRole(role, 'admin')}
            onAction={(action) => setOpenDialog({ action, recording })}
            onVisibilityChange={(isVisible) => void setVisibility(recording, isVisible ? 'public' : 'private')}
          />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button secondary more" onClick={loadMore}>
          {text.older}
        </button>
      )}
      {openDialog !== null && (
        <RecordingDialogs
          api={api}
          origin={origin}
          action={openDialog.action}
          recording={openDialog.recording}
          channel={channelOf(openDialog.recording)}
          onChanged={handleChange}
          onClose={() => setOpenDialog(null)}
        />
      )}
    </>
  );
}
