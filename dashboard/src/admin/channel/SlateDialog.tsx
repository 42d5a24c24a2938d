import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';

const mostBytes = 16 * 1024 * 1024;

/** What viewers see while the encoder is gone: shown, replaced, taken away. */
export function SlateDialog({ api, channel, onClose }: { api: Api; channel: Channel; onClose: () => void }) {
  const [slate, setSlate] = useState<{ url: string; isClip: boolean } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const text = adminText.channel;

  useEffect(() => {
    let stays = true;
    let url: string | null = null;
    api.slate(channel.name).then(
      (file) => {
        if (!stays || file === null) return;
        url = URL.createObjectURL(file);
        setSlate({ url, isClip: file.type.startsWith('video/') });
      },
      (error: unknown) => stays && setProblem(error instanceof ApiError ? error.words : adminText.failed),
    );
    return () => {
      stays = false;
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [api, channel.name]);

  async function remove() {
    try {
      await api.deleteSlate(channel.name);
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.words : adminText.failed);
    }
  }

  return (
    <Dialog title={text.slateTitle(channel.title || channel.name)} onClose={onClose}>
      <p className="field-hint">{text.slateHint}</p>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {slate === null && problem === null && <p>{text.slateNone}</p>}
      {slate !== null && (
        <>
          {slate.isClip ? <video className="slate" src={slate.url} muted loop autoPlay playsInline aria-label={text.slateNow} /> : <img className="slate" src={slate.url} alt={text.slateNow} />}
          <div className="tools">
            <button type="button" className="button quiet" onClick={() => void remove()}>
              {text.slateRemove}
            </button>
          </div>
        </>
      )}
      <ActionForm
        submit={text.slateSubmit}
        working={text.slateWorking}
        onCancel={onClose}
        onSubmit={async (form) => {
          await api.setSlate(channel.name, slateFile(form.get('slate')));
          onClose();
        }}
      >
        {(mistakes) => <TextField label={text.slateFile} name="slate" type="file" accept="image/png,image/jpeg,video/mp4" mistake={mistakes.slate} required />}
      </ActionForm>
    </Dialog>
  );
}

/** The file that was chosen. */
export function slateFile(chosen: Blob | string | null): Blob {
  const text = adminText.channel;
  if (!(chosen instanceof Blob) || chosen.size === 0) throw new ApiError(0, text.slateNeeded, { slate: text.slateNeeded });
  if (chosen.size > mostBytes) throw new ApiError(0, text.slateTooLarge, { slate: text.slateTooLarge });
  return chosen;
}
