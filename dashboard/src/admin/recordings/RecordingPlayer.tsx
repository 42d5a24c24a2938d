import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { CopyField } from '../CopyField';
import { Dialog } from '../Dialog';
import type { Recording } from './recordingApi';
import { RecordingVideo } from './RecordingVideo';
import { recordingName } from './recordingWords';

interface RecordingPlayerProps {
  api: Api;
  recording: Recording;
  channel: Channel | undefined;
  onClose: () => void;
}

/** Plays a recording. */
export function RecordingPlayer({ api, recording, channel, onClose }: RecordingPlayerProps) {
  const [hasLink, setHasLink] = useState(false);
  const text = adminText.recordings;
  return (
    <Dialog title={recordingName(recording)} onClose={onClose}>
      <RecordingVideo api={api} recording={recording} channel={channel} autoPlay onLink={setHasLink} />
      {hasLink ? <p className="field-hint">{text.withLink}</p> : <CopyField label={text.address} value={recording.addresses.hls} />}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          {adminText.close}
        </button>
      </div>
    </Dialog>
  );
}
