import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { ApiError } from '../api';
import { CopyField } from '../CopyField';

interface ConnectPanelProps {
  rtmp: string;
  /** The key, where it was made here and can still be shown. */
  streamKey: string | null;
  /** What the channel does now. */
  state: string;
  /** Makes one more key, which is `streamKey` after it. */
  onMakeKey: () => Promise<void>;
  onDone: () => void;
}

/** What goes into an encoder, and whether it has come: waits for it, and turns green. */
export function ConnectPanel({ rtmp, streamKey, state, onMakeKey, onDone }: ConnectPanelProps) {
  const text = adminText.channelPage.connect;
  // Whether the key was made here: its field takes the focus from the button, and it is said.
  const [isMade, setMade] = useState(false);
  const isHere = state === 'live' || state === 'starting' || state === 'preview';
  useEffect(() => {
    // When the fields come back, they come by themselves.
    if (isHere) setMade(false);
  }, [isHere]);
  return (
    <section className="block connect" data-here={isHere} aria-label={text.title}>
      {!isHere && (
        <>
          <h2>{text.title}</h2>
          <p>{streamKey !== null ? text.obs : text.obsNoKey}</p>
          <div className="connect-fields">
            <CopyField label={adminText.encoder.server} value={rtmp} />
            {streamKey !== null ? <CopyField label={adminText.encoder.streamKey} value={streamKey} takesFocus={isMade} /> : <MissingKey onMakeKey={() => onMakeKey().then(() => setMade(true))} />}
          </div>
          <p className="field-hint" role="status">
            {keyHint(streamKey !== null, isMade)}
          </p>
        </>
      )}
      <div className="connect-state">
        <p role="status">
          <span className="dot" aria-hidden="true" /> {connectWords(state)}
        </p>
        {isHere && (
          <button type="button" className="button quiet" onClick={onDone}>
            {text.done}
          </button>
        )}
      </div>
    </section>
  );
}

/** What is to be known of the key, and first that it is made where that was done here. */
export function keyHint(isKnown: boolean, isMade: boolean): string {
  const text = adminText.channelPage.connect;
  if (!isKnown) return text.keyHidden;
  return isMade ? `${text.keyMade} ${text.keyOnce}` : text.keyOnce;
}

// In the place where the key would stand, so that nothing moves when it comes.
function MissingKey({ onMakeKey }: { onMakeKey: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const text = adminText.channelPage.connect;

  async function make() {
    // Not disabled while it is busy: it would lose the focus, which the key's field is to have after it.
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onMakeKey();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.words : adminText.failed);
      setBusy(false);
    }
  }

  return (
    <div className="copy">
      <span className="copy-label">{adminText.encoder.streamKey}</span>
      <div className="copy-row">
        <button type="button" className="button" aria-busy={busy} aria-disabled={busy} onClick={() => void make()}>
          {busy ? text.makingKey : text.makeKey}
        </button>
      </div>
      {problem !== null && (
        <p className="field-mistake" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

/** How far the encoder has come, in a sentence. */
export function connectWords(state: string): string {
  const text = adminText.channelPage.connect;
  if (state === 'live') return text.live;
  if (state === 'preview') return text.preview;
  return state === 'starting' ? text.here : text.waiting;
}
