import { adminText } from '../../text';
import { CopyField } from '../CopyField';

interface ConnectPanelProps {
  rtmp: string;
  /** The key, where it was made here and can still be shown. */
  streamKey: string | null;
  /** What the channel does now. */
  state: string;
  onDone: () => void;
}

/** What goes into an encoder, and whether it has come: waits for it, and turns green. */
export function ConnectPanel({ rtmp, streamKey, state, onDone }: ConnectPanelProps) {
  const text = adminText.channelPage.connect;
  const isHere = state === 'live' || state === 'starting' || state === 'preview';
  return (
    <section className="block connect" data-here={isHere} aria-label={text.title}>
      {!isHere && (
        <>
          <h2>{text.title}</h2>
          <p>{text.obs}</p>
          <div className="connect-fields">
            <CopyField label={adminText.encoder.server} value={rtmp} />
            {streamKey !== null && <CopyField label={adminText.encoder.streamKey} value={streamKey} />}
          </div>
          <p className="field-hint">{streamKey !== null ? text.keyOnce : text.keyHidden}</p>
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

/** How far the encoder has come, in a sentence. */
export function connectWords(state: string): string {
  const text = adminText.channelPage.connect;
  if (state === 'live') return text.live;
  if (state === 'preview') return text.preview;
  return state === 'starting' ? text.here : text.waiting;
}
