import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import type { Recording } from './recordingApi';
import { type LinkState, RecordingVideo } from './RecordingVideo';
import { linkText, recordingName } from './recordingText';
import { requiresToken } from './watchUrl';
import { recordingPageUrl } from '../viewerPages';

interface RecordingPlayerProps {
  api: Api;
  /** Scheme and host of the viewer pages. */
  origin: string;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Plays a recording. */
export function RecordingPlayer({ api, origin, recording, channel, onClose }: RecordingPlayerProps) {
  const [linkState, setLinkState] = useState<LinkState>('none');
  const text = adminText.recordings;
  return (
    <Dialog title={recordingName(recording)} onClose={onClose}>
      <RecordingVideo api={api} recording={recording} channel={channel} autoPlay onLink={setLinkState} />
      {linkState === 'made' && <p className="field-hint">{linkText(recording)}</p>}
      {linkState === 'none' && !requiresToken(recording, channel) && (
        <>
          {recording.state === 'ready' && <CopyField label={text.pageUrl} value={recordingPageUrl(origin, recording.id)} />}
          <CopyField label={text.hlsUrl} value={recording.urls.hls} />
        </>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}
