import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { ActionForm, Dialog } from '../Dialog';
import { TextField } from '../fields';

const maxBytes = 16 * 1024 * 1024;

/** Shows, replaces or removes the slate. */
export function SlateDialog({ api, channel, onClose }: { api: Api; channel: Channel; onClose: () => void }) {
  const [slate, setSlate] = useState<{ url: string; isClip: boolean } | null | 'loading'>('loading');
  const [error, setError] = useState<string | null>(null);
  const text = adminText.channel;

  useEffect(() => {
    const download = new AbortController();
    let url: string | null = null;
    api.slate(channel.name, download.signal).then(
      (file) => {
        if (download.signal.aborted) return;
        if (file === null) return setSlate(null);
        url = URL.createObjectURL(file);
        setSlate({ url, isClip: file.type.startsWith('video/') });
      },
      (error: unknown) => {
        if (download.signal.aborted) return;
        setSlate(null);
        setError(error instanceof ApiError ? error.fullMessage : adminText.failed);
      },
    );
    return () => {
      download.abort();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [api, channel.name]);

  async function remove() {
    try {
      await api.deleteSlate(channel.name);
      onClose();
    } catch (error) {
      setError(error instanceof ApiError ? error.fullMessage : adminText.failed);
    }
  }

  return (
    <Dialog title={text.slateTitle(channel.title || channel.name)} onClose={onClose}>
      <p className="field-hint">{text.slateHint}</p>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
      {slate === null && error === null && <p>{text.slateNone}</p>}
      {slate === 'loading' && <p aria-busy="true">{text.slateLoading}</p>}
      {slate !== null && slate !== 'loading' && (
        <>
          {slate.isClip ? (
            <video className="slate" src={slate.url} muted loop autoPlay playsInline aria-label={text.currentSlate} />
          ) : (
            <img className="slate" src={slate.url} alt={text.currentSlate} />
          )}
          <div className="tools">
            <button type="button" className="button secondary" onClick={() => void remove()}>
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
        {(fieldErrors) => (
          <TextField
            label={text.newSlate}
            name="slate"
            type="file"
            accept="image/png,image/jpeg,video/mp4"
            error={fieldErrors.slate}
            required
          />
        )}
      </ActionForm>
    </Dialog>
  );
}

/** Validates the selected file. */
export function slateFile(selected: Blob | string | null): Blob {
  const text = adminText.channel;
  if (!(selected instanceof Blob) || selected.size === 0) throw new ApiError(0, text.slateRequired, { slate: text.slateRequired });
  if (selected.size > maxBytes) throw new ApiError(0, text.slateTooLarge, { slate: text.slateTooLarge });
  return selected;
}
