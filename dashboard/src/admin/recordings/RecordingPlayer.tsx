import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import type { Recording } from './recordingApi';
import { type Link, RecordingVideo } from './RecordingVideo';
import { linkWords, recordingName } from './recordingWords';
import { needsLink } from './watchAddress';

interface RecordingPlayerProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Plays a recording. */
export function RecordingPlayer({ api, recording, channel, onClose }: RecordingPlayerProps) {
  const [link, setLink] = useState<Link>('none');
  const text = adminText.recordings;
  return (
    <Dialog title={recordingName(recording)} onClose={onClose}>
      <RecordingVideo api={api} recording={recording} channel={channel} autoPlay onLink={setLink} />
      {link === 'made' && <p className="field-hint">{linkWords(recording)}</p>}
      {link === 'none' && !needsLink(recording, channel) && <CopyField label={text.address} value={recording.addresses.hls} />}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}
