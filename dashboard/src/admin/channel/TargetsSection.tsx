import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { AsyncList } from '../AsyncList';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { bitrateText } from '../overview/cardText';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import {
  addTarget,
  changeTarget,
  deleteTarget,
  listTargetPresets,
  listTargets,
  testTarget,
  type Target,
  type TargetPreset,
  type TargetRequest,
} from './targetApi';

type OpenDialog = { action: 'add' } | { action: 'change' | 'delete'; target: Target };

interface TargetsSectionProps {
  api: Api;
  channel: Channel;
}

/** Other platforms to which a channel is published, with their states. */
export function TargetsSection({ api, channel }: TargetsSectionProps) {
  // The channel list handles expired sessions.
  const targets = usePolled(
    useCallback(() => listTargets(api, channel.name), [api, channel.name]),
    3000,
    ignore,
  );
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const text = adminText.targets;
  const close = () => setOpenDialog(null);

  return (
    <section className="block" aria-labelledby="targets-title">
      <div className="panel-top">
        <h2 id="targets-title">{text.title}</h2>
        <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'add' })}>
          {text.add}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      <AsyncList
        source={targets}
        empty={
          <div className="empty">
            <p className="empty-title">{text.empty}</p>
            <p>{text.emptyHint}</p>
          </div>
        }
      >
        {(items) => (
          <ul className="item-list">
            {items.map((target) => (
              <TargetRow
                key={target.name}
                api={api}
                channel={channel.name}
                target={target}
                onOpen={(action) => setOpenDialog({ action, target })}
                onChanged={targets.refresh}
              />
            ))}
          </ul>
        )}
      </AsyncList>

      {openDialog?.action === 'add' && (
        <Dialog title={text.addTitle} onClose={close} keepOpen>
          <AddTarget
            api={api}
            channel={channel}
            onCancel={close}
            onAdded={() => {
              close();
              targets.refresh();
            }}
          />
        </Dialog>
      )}
      {openDialog?.action === 'change' && (
        <Dialog title={text.changeTitle} onClose={close} keepOpen>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              await changeTarget(api, channel.name, openDialog.target.name, targetChange(openDialog.target, form));
              close();
              targets.refresh();
            }}
          >
            {(fieldErrors) => (
              <TargetFields
                target={openDialog.target}
                renditions={renditionNames(channel, openDialog.target.rendition)}
                fieldErrors={fieldErrors}
              />
            )}
          </ActionForm>
        </Dialog>
      )}
      {openDialog?.action === 'delete' && (
        <Confirm
          title={text.deleteTitle(openDialog.target.name)}
          hint={text.deleteHint}
          submit={text.delete}
          onConfirm={async () => {
            await deleteTarget(api, channel.name, openDialog.target.name);
            targets.refresh();
          }}
          onClose={close}
        />
      )}
    </section>
  );
}

interface TargetRowProps {
  api: Api;
  channel: string;
  target: Target;
  onOpen: (action: 'change' | 'delete') => void;
  onChanged: () => void;
}

/** One target: its state, and what can be done with it. */
export function TargetRow({ api, channel, target, onOpen, onChanged }: TargetRowProps) {
  const [work, setWork] = useState<'test' | 'switch' | null>(null);
  const [result, setResult] = useState('');
  const text = adminText.targets;

  async function run(kind: 'test' | 'switch', task: () => Promise<string>) {
    if (work !== null) return;
    setWork(kind);
    setResult('');
    try {
      setResult(await task());
    } catch (error) {
      setResult(error instanceof ApiError ? error.fullMessage : adminText.failed);
    } finally {
      setWork(null);
      onChanged();
    }
  }

  const test = async () => {
    const { accepted, reason, seconds } = await testTarget(api, channel, target.name);
    return accepted ? text.testOk(seconds.toFixed(1)) : text.testFailed(reason ?? '');
  };
  const toggle = async () => {
    await changeTarget(api, channel, target.name, { enabled: !target.enabled });
    return '';
  };

  return (
    <li>
      <div>
        <p className="item-name">
          <span className="pill" data-pill={target.state === 'live' ? 'live' : target.state === 'off' ? 'offline' : 'waiting'}>
            <span className="dot" aria-hidden="true" />
            {text.states[target.state] ?? target.state}
          </span>{' '}
          {target.name} <code>{target.url}</code>
        </p>
        <p className="field-hint">{targetFacts(target).join(' · ')}</p>
        <p className="field-hint" role="status">
          {work === null ? result : work === 'test' ? text.testing : text.saving}
        </p>
      </div>
      <div className="tools row-tools">
        <button type="button" className="button secondary" disabled={work !== null} onClick={() => void run('switch', toggle)}>
          {target.enabled ? text.switchOff : text.switchOn}
        </button>
        <button
          type="button"
          className="button secondary"
          disabled={work !== null || target.state === 'live' || target.state === 'retrying'}
          onClick={() => void run('test', test)}
        >
          {text.test}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('change')}>
          {text.change}
        </button>
        <button type="button" className="button secondary" onClick={() => onOpen('delete')}>
          {text.delete}
        </button>
      </div>
    </li>
  );
}

/** Properties of a target as short texts. */
export function targetFacts(target: Target): string[] {
  const text = adminText.targets;
  const facts: string[] = [target.rendition];
  if (target.eventId !== null) facts.push(text.ofEvent);
  if (!target.enabled) facts.push(text.disabled);
  if (target.reason !== null) facts.push(target.reason);
  if (target.nextAttemptAt !== null) facts.push(text.nextAttempt(clockText(target.nextAttemptAt)));
  if (target.state === 'live') {
    facts.push(bitrateText(target.bitsPerSecond));
    if (target.delaySeconds >= 1) facts.push(text.delay(target.delaySeconds.toFixed(1)));
  }
  if (target.droppedFrames > 0) facts.push(text.dropped(target.droppedFrames));
  if (target.connections > 1) facts.push(text.reconnected(target.connections - 1));
  return facts;
}

interface AddTargetProps {
  api: Api;
  channel: Channel;
  onCancel: () => void;
  onAdded: () => void;
}

/** Form for a new target. The choice of a platform fills in its name and address. */
function AddTarget({ api, channel, onCancel, onAdded }: AddTargetProps) {
  const presets = usePolled(
    useCallback(() => listTargetPresets(api), [api]),
    600_000,
    ignore,
  );
  const [id, setId] = useState('youtube');
  const text = adminText.targets;
  if (presets.data === null) {
    return presets.error === null ? (
      <p role="status">{adminText.loading}</p>
    ) : (
      <p className="problem" role="alert">
        {presets.error.message}
      </p>
    );
  }

  const preset = presets.data.find((other) => other.id === id) ?? presets.data[0];
  return (
    <ActionForm
      submit={text.submit}
      working={text.working}
      onCancel={onCancel}
      onSubmit={async (form) => {
        await addTarget(api, channel.name, newTarget(form));
        onAdded();
      }}
    >
      {(fieldErrors) => (
        <>
          <SelectField
            label={text.platform}
            name="platform"
            hint={preset === undefined ? text.platformHint : (limitsText(preset) ?? text.platformHint)}
            options={presets.data?.map((other) => [other.id, other.name] as const) ?? []}
            value={id}
            onChange={setId}
          />
          <TargetFields key={id} preset={preset} renditions={renditionNames(channel)} fieldErrors={fieldErrors} />
        </>
      )}
    </ActionForm>
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
  const text = adminText.targets;
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
        defaultValue={target?.url ?? preset?.url}
        required
        maxLength={1024}
        spellCheck={false}
      />
      <TextField
        label={text.streamKey}
        name="streamKey"
        type="password"
        autoComplete="new-password"
        hint={target === undefined ? preset?.keyHelp : text.keyKept}
        error={fieldErrors.streamKey}
        required={target === undefined}
        maxLength={2000}
        spellCheck={false}
      />
      <SelectField
        label={text.rendition}
        name="rendition"
        hint={text.renditionHint}
        error={fieldErrors.rendition}
        options={renditions.map((name) => [name, name] as const)}
        initial={target?.rendition ?? 'source'}
      />
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

/** Renditions to choose from: the source, running rungs, rungs of the ladder, and the current one. */
export function renditionNames(channel: Channel, current?: string): string[] {
  const rungs = channel.encoding?.rungs.map((rung) => rung.name) ?? [];
  const ladder = channel.ladder.split(',').flatMap((rung) => rung.match(/^\s*(\d+p)/)?.[1] ?? []);
  return [...new Set(['source', ...rungs, ...ladder, ...(current === undefined ? [] : [current])])];
}

/** The request that adds a target. */
export function newTarget(form: FormData): TargetRequest {
  return {
    name: String(form.get('name')).trim(),
    url: String(form.get('url')).trim(),
    streamKey: String(form.get('streamKey')).trim(),
    rendition: String(form.get('rendition')),
  };
}

/** The changed members of a target. An empty stream key keeps the current one. */
export function targetChange(target: Target, form: FormData): TargetRequest {
  const { name, url, streamKey, rendition } = newTarget(form);
  return {
    ...(name === target.name ? {} : { name }),
    ...(url === target.url ? {} : { url }),
    ...(streamKey === '' ? {} : { streamKey }),
    ...(rendition === target.rendition ? {} : { rendition }),
  };
}

function ignore() {}
