import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { DownloadDialog } from './DownloadDialog';
import { changeRecording, createClip, deleteRecording, planDeletion, type Recording } from './recordingApi';
import { MomentPicker } from './MomentPicker';
import { RecordingPlayer } from './RecordingPlayer';
import { clipTitle, deletionWords, instantText, momentText, mostTitle, recordingChange, recordingName, trimWords } from './recordingWords';

export type RecordingAction = 'play' | 'download' | 'change' | 'clip' | 'delete';

interface RecordingDialogsProps {
  api: Api;
  action: RecordingAction;
  recording: Recording;
  /** The recording's own; not known while it is looked for, and where it was deleted. */
  channel: Channel | undefined;
  /** Something is other than before; in words, where the list alone does not say it. */
  onChanged: (words?: string) => void;
  onClose: () => void;
}

/** What can be done with one recording, one dialog at a time. */
export function RecordingDialogs({ api, action, recording, channel, onChanged, onClose }: RecordingDialogsProps) {
  const text = adminText.recordings;

  async function finish(work: Promise<Recording>, words: (name: string) => string) {
    const changed = await work;
    onClose();
    onChanged(words(recordingName(changed)));
  }

  switch (action) {
    case 'play':
      return <RecordingPlayer api={api} recording={recording} channel={channel} onClose={onClose} />;
    case 'download':
      return <DownloadDialog api={api} recording={recording} channel={channel} onClose={onClose} />;
    case 'change':
      return (
        <Dialog title={text.changeTitle} onClose={onClose}>
          <ActionForm submit={text.save} working={text.working} onCancel={onClose} onSubmit={(form) => finish(changeRecording(api, recording.id, recordingChange(recording, form)), text.changed)}>
            {(mistakes) => (
              <>
                <ChangeFields recording={recording} mistakes={mistakes} />
                {recording.visibility !== 'private' && <MomentPicker api={api} recording={recording} channel={channel} start={text.trimStart} end={text.trimEnd} written={instantText} isOpen={false} />}
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    case 'clip':
      return (
        <Dialog title={text.clipTitle} onClose={onClose}>
          <ActionForm
            submit={text.clipSubmit}
            working={text.working}
            onCancel={onClose}
            onSubmit={(form) => {
              const end = String(form.get('end')).trim();
              const wish = { title: String(form.get('title')).trim(), start: String(form.get('start')).trim(), visibility: String(form.get('visibility')) };
              return finish(createClip(api, recording.id, end === '' ? wish : { ...wish, end }), text.clipMade);
            }}
          >
            {(mistakes) => (
              <>
                {recording.visibility !== 'private' && <MomentPicker api={api} recording={recording} channel={channel} start={text.clipStart} end={text.clipEnd} written={momentText} isOpen />}
                <div className="field-row wide">
                  <TextField label={text.clipStart} name="start" hint={text.clipStartHint} mistake={mistakes.start} required maxLength={40} autoFocus />
                  <TextField label={text.clipEnd} name="end" hint={text.clipEndHint} mistake={mistakes.end} maxLength={40} />
                </div>
                <TextField label={text.name} name="title" hint={text.nameHint} mistake={mistakes.title} defaultValue={clipTitle(recording)} maxLength={mostTitle} />
                <VisibilityField initial={recording.visibility} mistake={mistakes.visibility} />
              </>
            )}
          </ActionForm>
        </Dialog>
      );
    default:
      return (
        <DeleteDialog
          api={api}
          recording={recording}
          onDelete={async () => {
            await deleteRecording(api, recording.id);
            onChanged();
          }}
          onClose={onClose}
        />
      );
  }
}

/** What of a recording can be changed. */
export function ChangeFields({ recording, mistakes }: { recording: Recording; mistakes: Record<string, string> }) {
  const text = adminText.recordings;
  // A length that was given elsewhere stays a choice.
  const retentions = { ...text.retentions, [recording.retention]: text.retentions[recording.retention] ?? recording.retention };
  // What its channel says is no choice once it was said for itself.
  const trimmed = trimWords(recording);
  const accesses = recording.access === 'channel' ? { channel: text.accessOfChannel, ...text.accesses } : text.accesses;
  return (
    <>
      <TextField label={text.name} name="title" hint={text.nameHint} mistake={mistakes.title} defaultValue={recording.title} maxLength={200} autoFocus />
      <VisibilityField initial={recording.visibility} mistake={mistakes.visibility} />
      {recording.state !== 'recording' && (
        <SelectField label={text.access} name="access" hint={recording.access === 'channel' ? text.accessHintOfChannel : text.accessHint} mistake={mistakes.access} initial={recording.access} options={Object.entries(accesses)} />
      )}
      <SelectField label={text.retention} name="retention" hint={text.retentionHint} mistake={mistakes.retention} initial={recording.retention} options={Object.entries(retentions)} />
      {trimmed !== '' && <p className="said">{trimmed}</p>}
      <div className="field-row wide">
        <TextField label={text.trimStart} name="start" mistake={mistakes.start} maxLength={40} />
        <TextField label={text.trimEnd} name="end" mistake={mistakes.end} maxLength={40} />
      </div>
      <p className="field-hint">{text.trimHint}</p>
    </>
  );
}

function VisibilityField({ initial, mistake }: { initial: string; mistake?: string }) {
  const text = adminText.recordings;
  return <SelectField label={text.visibility} name="visibility" mistake={mistake} initial={initial} options={Object.entries(text.visibilityHints)} />;
}

interface DeleteDialogProps {
  api: Api;
  recording: Recording;
  onDelete: () => Promise<void>;
  onClose: () => void;
}

// Says what goes before it is asked whether it shall.
function DeleteDialog({ api, recording, onDelete, onClose }: DeleteDialogProps) {
  const [hint, setHint] = useState<string | null>(null);
  const text = adminText.recordings;

  useEffect(() => {
    let stays = true;
    planDeletion(api, recording.id).then(
      (plan) => stays && setHint(deletionWords(plan)),
      (error: unknown) => stays && setHint(error instanceof ApiError ? error.words : adminText.failed),
    );
    return () => {
      stays = false;
    };
  }, [api, recording.id]);

  if (hint === null) {
    return (
      <Dialog title={text.deleteTitle} onClose={onClose}>
        <p role="status">{text.counting}</p>
      </Dialog>
    );
  }
  return <Confirm title={text.deleteTitle} hint={hint} submit={text.delete} onConfirm={onDelete} onClose={onClose} />;
}
