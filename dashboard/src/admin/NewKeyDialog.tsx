import { adminText } from '../text';
import { CopyField } from './CopyField';
import { Dialog } from './Dialog';

interface NewKeyDialogProps {
  title: string;
  rtmp: string;
  streamKey: string;
  onDone: () => void;
}

/** Shows a stream key once. Only its button closes the dialog, so that a stray click does not lose the key. */
export function NewKeyDialog({ title, rtmp, streamKey, onDone }: NewKeyDialogProps) {
  return (
    <Dialog title={title}>
      <p>{adminText.newKey.shownOnce}</p>
      <CopyField label={adminText.encoder.server} value={rtmp} />
      <CopyField label={adminText.encoder.streamKey} value={streamKey} />
      <p className="field-hint">{adminText.encoder.obsHint}</p>
      <div className="actions">
        <button type="button" className="button" onClick={onDone}>
          {adminText.newKey.done}
        </button>
      </div>
    </Dialog>
  );
}
