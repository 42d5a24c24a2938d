import { useState } from 'react';
import { adminText } from '../../text';
import type { Recording } from './recordingApi';
import type { RecordingAction } from './RecordingDialogs';
import { recordingFacts, recordingName } from './recordingWords';

interface RecordingRowProps {
  recording: Recording;
  /** What its session takes in the store; null while that is not known. */
  bytes?: number | null;
  /** Whether it is watched with a link only, so that its picture is not to be had without one, and it is played by whoever may make one. */
  needsLink?: boolean;
  mayManage: boolean;
  mayDelete: boolean;
  onAct: (action: RecordingAction) => void;
  /** Viewers are to find it, or not to. */
  onShow?: (shown: boolean) => void;
}

/** One recording with its picture, and what can be done with it. A private one is found by no player, so nothing of it is played or shown. */
export function RecordingRow({ recording, bytes = null, needsLink = false, mayManage, mayDelete, onAct, onShow }: RecordingRowProps) {
  const [hasPoster, setHasPoster] = useState(true);
  const text = adminText.recordings;
  const name = recordingName(recording);
  const isOpen = recording.visibility !== 'private';
  const mayWatch = isOpen && (!needsLink || mayManage);
  return (
    <li className="recording">
      <div className="channel-poster">
        {isOpen && hasPoster && !needsLink && <img src={recording.addresses.poster} alt="" width={128} height={72} loading="lazy" onError={() => setHasPoster(false)} />}
      </div>
      <div>
        <h2>{name}</h2>
        <p className="field-hint">{recordingFacts(recording, bytes).join(' · ')}</p>
        {isOpen && !mayWatch && <p className="field-hint">{text.linkOnly}</p>}
      </div>
      <div className="tools row-tools">
        {mayWatch && (
          <button type="button" className="button quiet" onClick={() => onAct('play')} aria-label={text.playLabel(name)}>
            {text.play}
          </button>
        )}
        {mayWatch && recording.state === 'ready' && (
          <button type="button" className="button quiet" onClick={() => onAct('download')} aria-label={text.downloadLabel(name)}>
            {text.download}
          </button>
        )}
        {mayManage && (
          <>
            <button type="button" className="button quiet" onClick={() => onAct('clip')} aria-label={text.clipLabel(name)}>
              {text.clip}
            </button>
            <button type="button" className="button quiet" onClick={() => onAct('change')} aria-label={text.changeLabel(name)}>
              {text.change}
            </button>
            {onShow && (
              <button type="button" className="button quiet" onClick={() => onShow(!isOpen)} aria-label={isOpen ? text.hideLabel(name) : text.showLabel(name)}>
                {isOpen ? text.hide : text.show}
              </button>
            )}
          </>
        )}
        {mayDelete && (
          <button type="button" className="button quiet" onClick={() => onAct('delete')} aria-label={text.deleteLabel(name)}>
            {text.delete}
          </button>
        )}
      </div>
    </li>
  );
}
