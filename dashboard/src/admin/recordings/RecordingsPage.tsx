import './recordings.css';
import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel } from '../api';
import { usePages } from '../usePages';
import { listRecordings, type Recording, recordingPage } from './recordingApi';
import { type RecordingAction, RecordingDialogs } from './RecordingDialogs';
import { RecordingRow } from './RecordingRow';

interface RecordingsPageProps {
  api: Api;
  role: string;
  /** Null until they are known. */
  channels: readonly Channel[] | null;
}

/** What was broadcast and kept, newest first. */
export function RecordingsPage({ api, role, channels }: RecordingsPageProps) {
  const [channel, setChannel] = useState('');
  const [kind, setKind] = useState('');
  const [opened, setOpened] = useState<{ action: RecordingAction; recording: Recording } | null>(null);
  const ask = useCallback((before?: string) => listRecordings(api, { channel, kind }, before), [api, channel, kind]);
  const { items, problem, hasMore, more, again } = usePages(ask, recordingPage);
  const text = adminText.recordings;
  const isFiltered = channel !== '' || kind !== '';

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
        <div className="tools">
          <select aria-label={text.channel} value={channel} onChange={(event) => setChannel(event.currentTarget.value)}>
            <option value="">{text.allChannels}</option>
            {channels?.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title || one.name}
              </option>
            ))}
          </select>
          <select aria-label={text.kind} value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {Object.entries(text.kinds).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem.words}
        </p>
      )}
      {items === null && problem === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && (
        <div className="empty">
          <p className="empty-title">{isFiltered ? text.emptyFilter : text.empty}</p>
          {!isFiltered && <p>{text.emptyHint}</p>}
        </div>
      )}
      <ul className="recordings">
        {items?.map((recording) => (
          <RecordingRow
            key={recording.id}
            recording={recording}
            mayManage={mayDo(role, 'producer')}
            mayDelete={mayDo(role, 'admin')}
            onAct={(action) => setOpened({ action, recording })}
          />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button quiet more" onClick={more}>
          {text.older}
        </button>
      )}
      {opened !== null && <RecordingDialogs api={api} action={opened.action} recording={opened.recording} onChanged={again} onClose={() => setOpened(null)} />}
    </>
  );
}
