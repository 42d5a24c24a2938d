import { useState } from 'react';
import { adminText } from '../../text';
import type { Recording } from './recordingApi';
import type { RecordingAction } from './RecordingDialogs';
import { recordingFacts, recordingName } from './recordingText';

interface RecordingRowProps {
  recording: Recording;
  /** Size of its session in the store; null while unknown. */
  bytes?: number | null;
  /** Whether playback requires a viewer token. Such recordings show no poster, and only users who can create tokens can play them. */
  needsLink?: boolean;
  canManage: boolean;
  canDelete: boolean;
  onAction: (action: RecordingAction) => void;
  /** Shows the recording to viewers, or hides it. */
  onVisibilityChange?: (isVisible: boolean) => void;
}

/** A recording with its actions. Private recordings cannot be played and show no poster. */
export function RecordingRow({
  recording,
  bytes = null,
  needsLink = false,
  canManage,
  canDelete,
  onAction,
  onVisibilityChange,
}: RecordingRowProps) {
  const [hasPoster, setHasPoster] = useState(true);
  const text = adminText.recordings;
  const name = recordingName(recording);
  const isVisible = recording.visibility !== 'private';
  const canWatch = isVisible && (!needsLink || canManage);
  return (
    <li className="recording">
      <div className="channel-poster">
        {isVisible && hasPoster && !needsLink && (
          <img src={recording.urls.poster} alt="" width={128} height={72} loading="lazy" onError={() => setHasPoster(false)} />
        )}
      </div>
      <div>
        <h2>{name}</h2>
        <p className="field-hint">{recordingFacts(recording, bytes).join(' · ')}</p>
        {isVisible && !canWatch && <p className="field-hint">{text.linkRequired}</p>}
      </div>
      <div className="tools row-tools">
        {canWatch && (
          <button type="button" className="button secondary" onClick={() => onAction('play')} aria-label={text.playLabel(name)}>
            {text.play}
          </button>
        )}
        {canWatch && recording.state === 'ready' && (
          <button type="button" className="button secondary" onClick={() => onAction('download')} aria-label={text.downloadLabel(name)}>
            {text.download}
          </button>
        )}
        {canManage && (
          <>
            <button type="button" className="button secondary" onClick={() => onAction('clip')} aria-label={text.clipLabel(name)}>
              {text.clip}
            </button>
            <button type="button" className="button secondary" onClick={() => onAction('change')} aria-label={text.changeLabel(name)}>
              {text.change}
            </button>
            {onVisibilityChange && (
              <button
                type="button"
                className="button secondary"
                onClick={() => onVisibilityChange(!isVisible)}
                aria-label={isVisible ? text.hideLabel(name) : text.showLabel(name)}
              >
                {isVisible ? text.hide : text.show}
              </button>
            )}
          </>
        )}
        {canDelete && (
          <button type="button" className="button secondary" onClick={() => onAction('delete')} aria-label={text.deleteLabel(name)}>
            {text.delete}
          </button>
        )}
      </div>
    </li>
  );
}
