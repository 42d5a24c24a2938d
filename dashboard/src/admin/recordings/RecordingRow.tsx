import { useState } from 'react';
import { adminText } from '../../text';
import type { Recording } from './recordingApi';
import type { RecordingAction } from './RecordingDialogs';
import { recordingFacts, recordingName } from './recordingWords';

interface RecordingRowProps {
  recording: Recording;
  mayManage: boolean;
  mayDelete: boolean;
  onAct: (action: RecordingAction) => void;
}

/** One recording with its picture, and what can be done with it. A private one is found by no player, so nothing of it is played or shown. */
export function RecordingRow({ recording, mayManage, mayDelete, onAct }: RecordingRowProps) {
  const [hasPoster, setHasPoster] = useState(true);
  const text = adminText.recordings;
  const name = recordingName(recording);
  const isOpen = recording.visibility !== 'private';
  return (
    <li className="recording">
      <div className="channel-poster">
        {isOpen && hasPoster && <img src={recording.addresses.poster} alt="" width={128} height={72} loading="lazy" onError={() => setHasPoster(false)} />}
      </div>
      <div>
        <h2>{name}</h2>
        <p className="field-hint">{recordingFacts(recording).join(' · ')}</p>
      </div>
      <div className="tools row-tools">
        {isOpen && (
          <button type="button" className="button quiet" onClick={() => onAct('play')} aria-label={text.playLabel(name)}>
            {text.play}
          </button>
        )}
        {isOpen && recording.state === 'ready' && (
          <a className="button quiet" href={recording.addresses.download} download>
            {text.download}
          </a>
        )}
        {mayManage && (
          <>
            <button type="button" className="button quiet" onClick={() => onAct('clip')}>
              {text.clip}
            </button>
            <button type="button" className="button quiet" onClick={() => onAct('change')}>
              {text.change}
            </button>
          </>
        )}
        {mayDelete && (
          <button type="button" className="button quiet" onClick={() => onAct('delete')}>
            {text.delete}
          </button>
        )}
      </div>
    </li>
  );
}
