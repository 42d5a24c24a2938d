import { adminText } from '../text';
import { CopyField } from './CopyField';
import { Dialog } from './Dialog';
import { WaitForEncoder } from './WaitForEncoder';

interface NewKeyDialogProps {
  title: string;
  rtmp: string;
  streamKey: string;
  /** The channel that is waited for, and what it does now; left out where nobody waits. */
  waiting?: { channel: string; state: string };
  onDone: () => void;
}

/** A stream key, this once. Only its button closes it: a stray press must not lose the key. */
export function NewKeyDialog({ title, rtmp, streamKey, waiting, onDone }: NewKeyDialogProps) {
  return (
    <Dialog title={title}>
      <p>{adminText.newKey.once}</p>
      <CopyField label={adminText.encoder.server} value={rtmp} />
      <CopyField label={adminText.encoder.streamKey} value={streamKey} />
      <p className="field-hint">{adminText.encoder.obs}</p>
      {waiting && <WaitForEncoder channel={waiting.channel} state={waiting.state} />}
      <div className="actions">
        <button type="button" className="button" onClick={onDone}>
          {adminText.newKey.done}
        </button>
      </div>
    </Dialog>
  );
}
