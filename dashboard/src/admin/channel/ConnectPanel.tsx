import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { ApiError } from '../api';
import { CopyField } from '../CopyField';

interface ConnectPanelProps {
  rtmp: string;
  /** The key, if it was created on this page and can still be shown. */
  streamKey: string | null;
  /** The channel's state. */
  state: string;
  /** Creates another key, which then becomes `streamKey`. */
  onCreateKey: () => Promise<void>;
  onClose: () => void;
}

/** Shows the encoder settings and waits for the encoder to connect. */
export function ConnectPanel({ rtmp, streamKey, state, onCreateKey, onClose }: ConnectPanelProps) {
  const text = adminText.channelPage.connect;
  // Whether the key was created here: its field takes the focus from the button, and a message confirms it.
  const [isKeyCreated, setKeyCreated] = useState(false);
  const isConnected = state === 'live' || state === 'starting' || state === 'preview';
  useEffect(() => {
    // Fields that reappear later do not take the focus.
    if (isConnected) setKeyCreated(false);
  }, [isConnected]);
  return (
    <section className="block connect" data-connected={isConnected} aria-label={text.title}>
      {!isConnected && (
        <>
          <h2>{text.title}</h2>
          <p>{streamKey !== null ? text.obs : text.obsNoKey}</p>
          <div className="connect-fields">
            <CopyField label={adminText.encoder.server} value={rtmp} />
            {streamKey !== null ? (
              <CopyField label={adminText.encoder.streamKey} value={streamKey} takesFocus={isKeyCreated} />
            ) : (
              <CreateKeyButton onCreateKey={() => onCreateKey().then(() => setKeyCreated(true))} />
            )}
          </div>
          <p className="field-hint" role="status">
            {keyHint(streamKey !== null, isKeyCreated)}
          </p>
        </>
      )}
      <div className="connect-state">
        <p role="status">
          <span className="dot" aria-hidden="true" /> {connectStatusText(state)}
        </p>
        {isConnected && (
          <button type="button" className="button secondary" onClick={onClose}>
            {text.done}
          </button>
        )}
      </div>
    </section>
  );
}

/** The hint about the key, with a confirmation if it was just created. */
export function keyHint(isKnown: boolean, isKeyCreated: boolean): string {
  const text = adminText.channelPage.connect;
  if (!isKnown) return text.keyHidden;
  return isKeyCreated ? `${text.keyCreated} ${text.keyOnce}` : text.keyOnce;
}

// Takes the place of the key field, so that the layout does not shift.
function CreateKeyButton({ onCreateKey }: { onCreateKey: () => Promise<void> }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const text = adminText.channelPage.connect;

  async function create() {
    // Not disabled while busy: it would lose the focus, which passes on to the key field.
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await onCreateKey();
    } catch (error) {
      setError(error instanceof ApiError ? error.fullMessage : adminText.failed);
      setBusy(false);
    }
  }

  return (
    <div className="copy">
      <span className="copy-label">{adminText.encoder.streamKey}</span>
      <div className="copy-row">
        <button type="button" className="button" aria-busy={isBusy} aria-disabled={isBusy} onClick={() => void create()}>
          {isBusy ? text.creatingKey : text.createKey}
        </button>
      </div>
      {error !== null && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** The connection state as a sentence. */
export function connectStatusText(state: string): string {
  const text = adminText.channelPage.connect;
  if (state === 'live') return text.live;
  if (state === 'preview') return text.preview;
  return state === 'starting' ? text.connected : text.waiting;
}
