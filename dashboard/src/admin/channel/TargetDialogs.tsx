import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api, Channel } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { bitrateText } from '../overview/cardText';
import { usePolled } from '../usePolled';
import {
  addTarget,
  changeTarget,
  deleteTarget,
  listTargetPresets,
  type Target,
  type TargetPreset,
  type TargetRequest,
} from './targetApi';

export type OpenTargetDialog = { action: 'add' } | { action: 'change' | 'delete'; target: Target };

interface TargetDialogsProps {
  api: Api;
  channel: string;
  /** Renditions to choose from. */
  renditions: readonly string[];
  openDialog: OpenTargetDialog;
  /** The event of a new target. */
  eventId?: string;
  onChanged: () => void;
  onClose: () => void;
}

/** The dialogs of targets, one at a time. */
export function TargetDialogs({ api, channel, renditions, openDialog, eventId, onChanged, onClose }: TargetDialogsProps) {
  const text = adminText.targets;

  async function finish(task: Promise<unknown>) {
    await task;
    onClose();
    onChanged();
  }

  if (openDialog.action === 'add')
    return (
      <Dialog title={text.addTitle} onClose={onClose} keepOpen>
        <AddTarget
          api={api}
          renditions={renditions}
          hint={eventId === undefined ? undefined : text.addToEventHint}
          onCancel={onClose}
          onSubmit={(form) => finish(addTarget(api, channel, newTarget(form, eventId)))}
        />
      </Dialog>
    );
  const { target } = openDialog;
  if (openDialog.action === 'delete')
    return (
      <Confirm
        title={text.deleteTitle(target.name)}
        hint={text.deleteHint}
        submit={text.delete}
        onConfirm={async () => {
          await deleteTarget(api, channel, target.name);
          onChanged();
        }}
        onClose={onClose}
      />
    );
  return (
    <Dialog title={text.changeTitle} onClose={onClose} keepOpen>
      <ActionForm
        submit={text.save}
        working={text.working}
        onCancel={onClose}
        onSubmit={(form) => finish(changeTarget(api, channel, target.name, targetChange(target, form)))}
      >
        {(fieldErrors) => <TargetFields target={target} renditions={renditions} fieldErrors={fieldErrors} />}
      </ActionForm>
    </Dialog>
  );
}

interface AddTargetProps {
  api: Api;
  renditions: readonly string[];
  hint: string | undefined;
  onCancel: () => void;
  onSubmit: (form: FormData) => Promise<void>;
}

/** Form for a new target, once the platforms are loaded. */
function AddTarget({ api, renditions, hint, onCancel, onSubmit }: AddTargetProps) {
  const { data: presets, error } = usePolled(
    useCallback(() => listTargetPresets(api), [api]),
    600_000,
    ignore,
  );
  const text = adminText.targets;
  if (presets === null)
    return (
      <>
        {error === null ? (
          <p role="status">{adminText.loading}</p>
        ) : (
          <p className="problem" role="alert">
            {error.message}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button secondary" onClick={onCancel}>
            {adminText.cancel}
          </button>
        </div>
      </>
    );
  return (
    <ActionForm submit={text.submit} working={text.working} onCancel={onCancel} onSubmit={onSubmit}>
      {(fieldErrors) => (
        <>
          {hint !== undefined && <p className="field-hint wide">{hint}</p>}
          <NewTargetFields presets={presets} renditions={renditions} fieldErrors={fieldErrors} />
        </>
      )}
    </ActionForm>
  );
}

interface NewTargetFieldsProps {
  presets: readonly TargetPreset[];
  renditions: readonly string[];
  fieldErrors: Record<string, string>;
}

/** The fields of a new target. The choice of a platform fills in its name and address. */
export function NewTargetFields({ presets, renditions, fieldErrors }: NewTargetFieldsProps) {
  const [id, setId] = useState(presets[0]?.id ?? '');
  const text = adminText.targets;
  const preset = presets.find((other) => other.id === id);
  return (
    <>
      <SelectField
        label={text.platform}
        name="platform"
        hint={(preset && limitsText(preset)) ?? text.platformHint}
        options={presets.map((other) => [other.id, other.name] as const)}
        value={id}
        onChange={setId}
      />
      <TargetFields key={id} preset={preset} renditions={renditions} fieldErrors={fieldErrors} />
      {fieldErrors.eventId !== undefined && (
        <p className="problem" role="alert">
          {fieldErrors.eventId}
        </p>
      )}
    </>
  );
}

interface TargetFieldsProps {
  target?: Target;
  preset?: TargetPreset;
  renditions: readonly string[];
  fieldErrors: Record<string, string>;
}

/** The fields of a new or existing target. */
export function TargetFields({ target, preset, renditions, fieldErrors }: TargetFieldsProps) {
  const initialUrl = target?.url ?? preset?.url ?? '';
  const [url, setUrl] = useState(initialUrl);
  const text = adminText.targets;
  const needsKey = target === undefined || url.trim() !== target.url;
  const initialRendition = target?.rendition ?? 'source';
  const [mode, setMode] = useState(target?.mode ?? 'copy');
  return (
    <>
      <TextField
        label={text.name}
        name="name"
        hint={text.nameHint}
        error={fieldErrors.name}
        defaultValue={target?.name ?? preset?.name}
        required
        maxLength={40}
      />
      <TextField
        label={text.url}
        name="url"
        type="url"
        hint={text.urlHint}
        error={fieldErrors.url}
        defaultValue={initialUrl}
        onChange={(event) => setUrl(event.currentTarget.value)}
        required
        maxLength={1024}
        spellCheck={false}
      />
      <TextField
        label={text.streamKey}
        name="streamKey"
        type="password"
        autoComplete="new-password"
        hint={target === undefined ? preset?.keyHelp : needsKey ? text.keyRequired : text.keyKept}
        error={fieldErrors.streamKey}
        required={needsKey}
        maxLength={2000}
        spellCheck={false}
      />
      <SelectField
        label={text.mode}
        name="mode"
        hint={text.modeHint}
        error={fieldErrors.mode}
        options={Object.entries(text.modes)}
        value={mode}
        onChange={setMode}
      />
      {mode !== 'steady' && (
        <SelectField
          label={text.rendition}
          name="rendition"
          hint={text.renditionHint}
          error={fieldErrors.rendition}
          options={[...new Set([...renditions, initialRendition])].map((name) => [name, name] as const)}
          initial={initialRendition}
        />
      )}
    </>
  );
}

/** The limits of a platform as a sentence; null without any. */
export function limitsText(preset: TargetPreset): string | null {
  const text = adminText.targets;
  const limits: string[] = [];
  if (preset.maxHeight !== null) limits.push(text.height(preset.maxHeight));
  if (preset.maxBitsPerSecond !== null) limits.push(bitrateText(preset.maxBitsPerSecond));
  if (preset.maxKeyframeSeconds !== null) limits.push(text.keyframes(preset.maxKeyframeSeconds));
  return limits.length === 0 ? null : text.limits(limits.join(', '));
}

/** Renditions to choose from: the source, running rungs, and rungs of the ladder. */
export function renditionNames(channel: Channel): string[] {
  const rungs = channel.encoding?.rungs.map((rung) => rung.name) ?? [];
  const ladder = channel.ladder.split(',').flatMap((rung) => rung.match(/^\s*(\d+p)/)?.[1] ?? []);
  return [...new Set(['source', ...rungs, ...ladder])];
}

/** The request that adds a target. */
export function newTarget(form: FormData, eventId?: string): TargetRequest {
  const rendition = form.get('rendition');
  return {
    name: String(form.get('name')).trim(),
    url: String(form.get('url')).trim(),
    streamKey: String(form.get('streamKey')).trim(),
    mode: String(form.get('mode')),
    ...(rendition === null ? {} : { rendition: String(rendition) }),
    ...(eventId === undefined ? {} : { eventId }),
  };
}

/** The changed members of a target. An empty stream key keeps the current one. */
export function targetChange(target: Target, form: FormData): TargetRequest {
  const { name, url, streamKey, mode, rendition } = newTarget(form);
  return {
    ...(name === target.name ? {} : { name }),
    ...(url === target.url ? {} : { url }),
    ...(streamKey === '' ? {} : { streamKey }),
    ...(mode === target.mode ? {} : { mode }),
    ...(rendition === undefined || rendition === target.rendition ? {} : { rendition }),
  };
}

function ignore() {}
