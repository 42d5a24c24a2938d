import './recordings.css';
import { useCallback, useEffect, useState } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import { type Api, ApiError, type Channel } from '../api';
import { Notice, type Said } from '../Notice';
import { usePages } from '../usePages';
import { changeRecording, listRecordings, type Recording, recordingPage } from './recordingApi';
import { type RecordingAction, RecordingDialogs } from './RecordingDialogs';
import { RecordingRow } from './RecordingRow';
import { RecordingTools } from './RecordingTools';
import { recordingName } from './recordingWords';
import { UsageLine } from './UsageLine';
import { needsLink } from './watchAddress';

const settleMs = 300;

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
  const [day, setDay] = useState('');
  const [typed, setTyped] = useState('');
  const [q, setQ] = useState('');
  const [sizes, setSizes] = useState<Record<string, number>>({});
  const [said, setSaid] = useState<Said | null>(null);
  const [opened, setOpened] = useState<{ action: RecordingAction; recording: Recording } | null>(null);
  const text = adminText.recordings;
  const isFiltered = channel !== '' || kind !== '' || q !== '' || day !== '';

  // Who types is waited for.
  useEffect(() => {
    const timer = window.setTimeout(() => setQ(typed.trim()), settleMs);
    return () => window.clearTimeout(timer);
  }, [typed]);

  const ask = useCallback(
    (before?: string) => {
      const filter = { channel, kind, q, day };
      // Sizes are counted in the store, which takes longer than the list: they come when they are there.
      listRecordings(api, filter, before, true).then(
        (found) => setSizes((known) => ({ ...known, ...Object.fromEntries(found.flatMap(({ id, bytes }) => (typeof bytes === 'number' ? [[id, bytes]] : []))) })),
        () => undefined,
      );
      return listRecordings(api, filter, before);
    },
    [api, channel, kind, q, day],
  );
  const { items, problem, hasMore, more, again, replace } = usePages(ask, recordingPage);
  const channelOf = (recording: Recording) => channels?.find((one) => one.name === recording.channel);

  // Shown as it is to be at once, and as it was again where the server does not agree.
  async function setVisibility(recording: Recording, visibility: string) {
    const name = recordingName(recording);
    replace({ ...recording, visibility });
    try {
      const changed = await changeRecording(api, recording.id, { visibility });
      replace(changed);
      setSaid({
        words: visibility === 'private' ? text.hidden(name) : text.shown(name, text.visibilities[visibility] ?? visibility),
        undo: () => void setVisibility(changed, recording.visibility),
      });
    } catch (error) {
      replace(recording);
      setSaid({ words: text.notChanged(name, error instanceof ApiError ? error.words : adminText.failed), isProblem: true });
    }
  }

  function changed(words?: string) {
    if (words !== undefined) setSaid({ words });
    again();
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
        typed={typed}
        onChannel={setChannel}
        onKind={setKind}
        onDay={setDay}
        onType={setTyped}
      />
      <p className="found" role="status">
        {isFiltered && items !== null && items.length > 0 ? text.found(items.length, hasMore) : ''}
      </p>
      {said !== null && <Notice said={said} onDone={() => setSaid(null)} />}
      {problem !== null && (
        <p className="problem" role="alert">
          {problem.words}
        </p>
      )}
      {items === null && problem === null && <p role="status">{adminText.loading}</p>}
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
            needsLink={needsLink(recording, channelOf(recording))}
            mayManage={mayDo(role, 'producer')}
            mayDelete={mayDo(role, 'admin')}
            onAct={(action) => setOpened({ action, recording })}
            onShow={(shown) => void setVisibility(recording, shown ? 'public' : 'private')}
          />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button quiet more" onClick={more}>
          {text.older}
        </button>
      )}
      {opened !== null && (
        <RecordingDialogs api={api} action={opened.action} recording={opened.recording} channel={channelOf(opened.recording)} onChanged={changed} onClose={() => setOpened(null)} />
      )}
    </>
  );
}
