import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { DownloadDialog } from './DownloadDialog';
import { ConfirmExpiry, type ExpiringChange, sendChange } from '../retention';
import { changeRecording, createClip, deleteRecording, previewDeletion, type Recording } from './recordingApi';
import { PositionPicker } from './PositionPicker';
import { RecordingPlayer } from './RecordingPlayer';
import {
  clipTitle,
  deletionText,
  instantText,
  offsetText,
  maxTitleLength,
  recordingChangeOf,
  recordingName,
  trimText,
} from './recordingText';

export type RecordingAction = 'play' | 'download' | 'change' | 'clip' | 'delete';

interface RecordingDialogsProps {
  api: Api;
  /** Scheme and host of the viewer pages. */
  origin: string;
  action: RecordingAction;
  recording: Recording;
  /** The recording's channel; undefined while loading or if deleted. */
  channel: Channel | undefined;
  /** The recording changed; with a message if the list does not show the change. */
  onChanged: (message?: string) => void;
  onClose: () => void;
}

/** The dialogs for one recording, one at a time. */
export function RecordingDialogs({ api, origin, action, recording, channel, onChanged, onClose }: RecordingDialogsProps) {
  const [expiringChange, setExpiringChange] = useState<ExpiringChange | null>(null);
  const text = adminText.recordings;

  async function finish(task: Promise<Recording>, message: (name: string) => string) {
    const changed = await task;
    onClose();
    onChanged(message(recordingName(changed)));
  }

  async function change(form: FormData) {
    const request = recordingChangeOf(recording, form);
    setExpiringChange(await sendChange(request, (confirmed) => finish(changeRecording(api, recording.id, confirmed), text.changed)));
  }

  switch (action) {
    case 'play':
      return <RecordingPlayer api={api} origin={origin} recording={recording} channel={channel} onClose={onClose} />;
    case 'download':
      return <DownloadDialog api={api} recording={recording} channel={channel} onClose={onClose} />;
    case 'change':
      return (
        <Dialog title={text.changeTitle} onClose={onClose}>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={onClose}
            onSubmit={change}
          >
            {(fieldErrors) => (
              <>
                <ChangeFields recording={recording} fieldErrors={fieldErrors} />
                {recording.visibility !== 'private' && (
                  <PositionPicker
                    api={api}
                    recording={recording}
                    channel={channel}
                    start={text.trimStart}
                    end={text.trimEnd}
                    format={instantText}
                    isOpen={false}
                  />
                )}
              </>
            )}
          </ActionForm>
          {expiringChange && <ConfirmExpiry change={expiringChange} onClose={() => setExpiringChange(null)} />}
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
              const request = {
                title: String(form.get('title')).trim(),
                start: String(form.get('start')).trim(),
                visibility: String(form.get('visibility')),
              };
              return finish(createClip(api, recording.id, end === '' ? request : { ...request, end }), text.clipCreated);
            }}
          >
            {(fieldErrors) => (
              <>
                {recording.visibility !== 'private' && (
                  <PositionPicker
                    api={api}
                    recording={recording}
                    channel={channel}
                    start={text.clipStart}
                    end={text.clipEnd}
                    format={offsetText}
                    isOpen
                  />
                )}
                <div className="field-row wide">
                  <TextField
                    label={text.clipStart}
                    name="start"
                    hint={text.clipStartHint}
                    error={fieldErrors.start}
                    required
                    maxLength={40}
                    autoFocus
                  />
                  <TextField label={text.clipEnd} name="end" hint={text.clipEndHint} error={fieldErrors.end} maxLength={40} />
                </div>
                <TextField
                  label={text.name}
                  name="title"
                  hint={text.nameHint}
                  error={fieldErrors.title}
                  defaultValue={clipTitle(recording)}
                  maxLength={maxTitleLength}
                />
                <VisibilityField initial={recording.visibility} error={fieldErrors.visibility} />
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

/** The fields of a recording's settings. */
export function ChangeFields({ recording, fieldErrors }: { recording: Recording; fieldErrors: Record<string, string> }) {
  const text = adminText.recordings;
  // Keep a retention that is not a preset.
  const retentions = { ...text.retentions, [recording.retention]: text.retentions[recording.retention] ?? recording.retention };
  // The channel's policy cannot be restored once the recording has its own.
  const trimmedText = trimText(recording);
  const accesses = recording.access === 'channel' ? { channel: text.accessOfChannel, ...text.accesses } : text.accesses;
  return (
    <>
      <TextField
        label={text.name}
        name="title"
        hint={text.nameHint}
        error={fieldErrors.title}
        defaultValue={recording.title}
        maxLength={200}
        autoFocus
      />
      <VisibilityField initial={recording.visibility} error={fieldErrors.visibility} />
      {recording.state !== 'recording' && (
        <SelectField
          label={text.access}
          name="access"
          hint={recording.access === 'channel' ? text.accessHintOfChannel : text.accessHint}
          error={fieldErrors.access}
          initial={recording.access}
          options={Object.entries(accesses)}
        />
      )}
      <SelectField
        label={text.retention}
        name="retention"
        hint={text.retentionHint}
        error={fieldErrors.retention}
        initial={recording.retention}
        options={Object.entries(retentions)}
      />
      {trimmedText !== '' && <p className="description">{trimmedText}</p>}
      <div className="field-row wide">
        <TextField label={text.trimStart} name="start" error={fieldErrors.start} maxLength={40} />
        <TextField label={text.trimEnd} name="end" error={fieldErrors.end} maxLength={40} />
      </div>
      <p className="field-hint">{text.trimHint}</p>
    </>
  );
}

function VisibilityField({ initial, error }: { initial: string; error?: string }) {
  const text = adminText.recordings;
  return (
    <SelectField label={text.visibility} name="visibility" error={error} initial={initial} options={Object.entries(text.visibilityHints)} />
  );
}

interface DeleteDialogProps {
  api: Api;
  recording: Recording;
  onDelete: () => Promise<void>;
  onClose: () => void;
}

// Shows the consequences before asking for confirmation.
function DeleteDialog({ api, recording, onDelete, onClose }: DeleteDialogProps) {
  const [hint, setHint] = useState<string | null>(null);
  const text = adminText.recordings;

  useEffect(() => {
    let isMounted = true;
    previewDeletion(api, recording.id).then(
      (plan) => isMounted && setHint(deletionText(plan)),
      (error: unknown) => isMounted && setHint(error instanceof ApiError ? error.fullMessage : adminText.failed),
    );
    return () => {
      isMounted = false;
    };
  }, [api, recording.id]);

  if (hint === null) {
    return (
      <Dialog title={text.deleteTitle} onClose={onClose}>
        <p role="status">{text.checking}</p>
      </Dialog>
    );
  }
  return <Confirm title={text.deleteTitle} hint={hint} submit={text.delete} onConfirm={onDelete} onClose={onClose} />;
}
