import { useState } from 'react';
import { adminText } from '../../text';
import type { System } from '../api';
import { SelectField, TextField } from '../fields';
import { type EventDraft, inherited } from './eventRequest';

const custom = 'custom';
const members = [
  'access',
  'chat',
  'announced',
  'ladder',
  'latency',
  'poster',
  'previewSeconds',
  'graceSeconds',
  'overrun',
  'noShowSeconds',
  'reminderMinutes',
];

interface EventMoreFieldsProps {
  draft: EventDraft;
  /** Whether the event is new. Then announcement and reminders can be inherited from the channel, which is evaluated once at creation. */
  isNew: boolean;
  /** Null until loaded. */
  system: System | null;
  fieldErrors: Record<string, string>;
}

/** Optional settings, collapsed until the user opens them or one has an error. */
export function EventMoreFields({ draft, isNew, system, fieldErrors }: EventMoreFieldsProps) {
  const [isOpen, setOpen] = useState(false);
  const text = adminText.schedule.form;
  return (
    <details
      className="more-fields"
      open={isOpen || members.some((member) => fieldErrors[member] !== undefined)}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{text.more}</summary>
      <div className="form">
        <p className="field-hint">{text.moreHint}</p>
        <div className="field-row">
          <SelectField
            label={text.access}
            name="access"
            hint={text.accessHint}
            error={fieldErrors.access}
            initial={draft.access}
            options={optionsOf(text.accesses, system?.accesses, draft.access)}
          />
          <SelectField
            label={text.chat}
            name="chat"
            error={fieldErrors.chat}
            initial={draft.chat}
            options={[[inherited, text.inherited] as const, ...Object.entries(text.chats)]}
          />
        </div>
        <div className="field-row">
          <SelectField
            label={text.announced}
            name="announced"
            error={fieldErrors.announced}
            initial={draft.announced}
            options={
              isNew ? [[inherited, text.inherited] as const, ...Object.entries(text.announcements)] : Object.entries(text.announcements)
            }
          />
        </div>
        <TextField
          label={text.poster}
          name="poster"
          hint={text.posterHint}
          error={fieldErrors.poster}
          defaultValue={draft.poster}
          maxLength={2000}
          inputMode="url"
          autoCapitalize="none"
          spellCheck={false}
        />
        <div className="field-row">
          <SelectField
            label={text.latency}
            name="latency"
            error={fieldErrors.latency}
            initial={draft.latency}
            options={optionsOf(text.latencies, system?.latencies, draft.latency)}
          />
          <QualityFields initial={draft.ladder} ladders={system?.ladders ?? []} error={fieldErrors.ladder} />
        </div>
        <TextField
          label={text.preview}
          name="previewSeconds"
          type="number"
          min={0}
          max={1440}
          step="any"
          hint={text.previewHint}
          error={fieldErrors.previewSeconds}
          defaultValue={draft.previewMinutes}
        />
        <TextField
          label={text.noShow}
          name="noShowSeconds"
          type="number"
          min={0}
          max={1440}
          step="any"
          hint={text.noShowHint}
          error={fieldErrors.noShowSeconds}
          defaultValue={draft.noShowMinutes}
        />
        <div className="field-row">
          <SelectField
            label={text.overrun}
            name="overrun"
            error={fieldErrors.overrun}
            initial={draft.overrun}
            options={Object.entries(text.overruns)}
          />
          <TextField
            label={text.grace}
            name="graceSeconds"
            type="number"
            min={0}
            max={1440}
            step="any"
            hint={text.graceHint}
            error={fieldErrors.graceSeconds}
            defaultValue={draft.graceMinutes}
          />
        </div>
        <ReminderFields initial={draft.reminderMinutes} isNew={isNew} error={fieldErrors.reminderMinutes} />
      </div>
    </details>
  );
}

// Inherited, no or custom reminders. An existing event has none or its own.
function ReminderFields({ initial, isNew, error }: { initial: readonly number[] | null; isNew: boolean; error?: string }) {
  const [choice, setChoice] = useState(initial === null ? inherited : initial.length === 0 ? 'none' : 'custom');
  const text = adminText.schedule.form;
  const minutes = (
    <TextField
      label={text.reminderMinutes}
      name="reminderMinutes"
      hint={text.remindersHint}
      error={error}
      defaultValue={initial?.join(', ')}
      maxLength={100}
      inputMode="numeric"
    />
  );
  if (!isNew) return minutes;
  return (
    <>
      <SelectField
        label={text.reminders}
        name="reminders"
        error={choice === 'custom' ? undefined : error}
        options={[[inherited, text.inherited] as const, ...Object.entries(text.reminderChoices)]}
        value={choice}
        onChange={setChoice}
      />
      {choice === 'custom' && minutes}
    </>
  );
}

// A ladder of the server or custom rungs; both are submitted as `ladder`.
function QualityFields({ initial, ladders, error }: { initial: string; ladders: readonly string[]; error?: string }) {
  const presetNames = [inherited, ...ladders];
  const [choice, setChoice] = useState(initial === inherited || ladders.length === 0 || presetNames.includes(initial) ? initial : custom);
  const text = adminText.schedule.form;
  const knownNames = presetNames.includes(choice) || choice === custom ? presetNames : [...presetNames, choice];
  return (
    <>
      <SelectField
        label={text.ladder}
        name={choice === custom ? 'ladder-choice' : 'ladder'}
        error={choice === custom ? undefined : error}
        options={[...knownNames, custom].map(
          (name) => [name, name === inherited ? text.inherited : (adminText.newChannel.ladders[name] ?? name)] as const,
        )}
        value={choice}
        onChange={setChoice}
      />
      {choice === custom && (
        <TextField
          label={adminText.newChannel.rungs}
          name="ladder"
          hint={adminText.newChannel.rungsHint}
          error={error}
          defaultValue={presetNames.includes(initial) ? '' : initial}
          placeholder={adminText.newChannel.rungsExample}
          required
          maxLength={200}
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
    </>
  );
}

// Inherited first, then the server's options, then the current value.
function optionsOf(
  labels: Record<string, string>,
  knownNames: readonly string[] | undefined,
  current: string,
): (readonly [string, string])[] {
  return [...new Set([inherited, ...(knownNames ?? []), current])].map(
    (name) => [name, name === inherited ? adminText.schedule.form.inherited : (labels[name] ?? name)] as const,
  );
}
