import { useState } from 'react';
import { adminText } from '../../text';
import type { System } from '../api';
import { SelectField, TextField } from '../fields';
import { type EventDraft, ofChannel } from './eventWish';

const own = 'own';
const members = ['access', 'announced', 'ladder', 'latency', 'poster', 'previewSeconds', 'graceSeconds', 'overrun', 'noShowSeconds', 'reminderMinutes'];

interface EventMoreFieldsProps {
  draft: EventDraft;
  /** Whether it is to be: then announcing and reminders can be left to the channel, which says them once, when it is planned. */
  isNew: boolean;
  /** Null until it is known. */
  system: System | null;
  mistakes: Record<string, string>;
}

/** What most events leave as it is, folded away until somebody wants it or the server has something against it. */
export function EventMoreFields({ draft, isNew, system, mistakes }: EventMoreFieldsProps) {
  const [isOpen, setOpen] = useState(false);
  const text = adminText.schedule.form;
  return (
    <details className="more-fields" open={isOpen || members.some((member) => mistakes[member] !== undefined)} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.more}</summary>
      <div className="form">
        <p className="field-hint">{text.moreHint}</p>
        <div className="field-row">
          <SelectField label={text.access} name="access" hint={text.accessHint} mistake={mistakes.access} initial={draft.access} options={choices(text.accesses, system?.accesses, draft.access)} />
          <SelectField
            label={text.announced}
            name="announced"
            mistake={mistakes.announced}
            initial={draft.announced}
            options={isNew ? [[ofChannel, text.asChannel] as const, ...Object.entries(text.announcements)] : Object.entries(text.announcements)}
          />
        </div>
        <TextField
          label={text.poster}
          name="poster"
          hint={text.posterHint}
          mistake={mistakes.poster}
          defaultValue={draft.poster}
          maxLength={2000}
          inputMode="url"
          autoCapitalize="none"
          spellCheck={false}
        />
        <div className="field-row">
          <SelectField label={text.latency} name="latency" mistake={mistakes.latency} initial={draft.latency} options={choices(text.latencies, system?.latencies, draft.latency)} />
          <QualityFields initial={draft.ladder} ladders={system?.ladders ?? []} mistake={mistakes.ladder} />
        </div>
        <TextField label={text.preview} name="previewSeconds" type="number" min={0} max={1440} step="any" hint={text.previewHint} mistake={mistakes.previewSeconds} defaultValue={draft.previewMinutes} />
        <TextField label={text.noShow} name="noShowSeconds" type="number" min={0} max={1440} step="any" hint={text.noShowHint} mistake={mistakes.noShowSeconds} defaultValue={draft.noShowMinutes} />
        <div className="field-row">
          <SelectField label={text.overrun} name="overrun" mistake={mistakes.overrun} initial={draft.overrun} options={Object.entries(text.overruns)} />
          <TextField label={text.grace} name="graceSeconds" type="number" min={0} max={1440} step="any" hint={text.graceHint} mistake={mistakes.graceSeconds} defaultValue={draft.graceMinutes} />
        </div>
        <ReminderFields initial={draft.reminderMinutes} isNew={isNew} mistake={mistakes.reminderMinutes} />
      </div>
    </details>
  );
}

// The channel's reminders, none, or those that somebody writes. An event that is there has none or its own.
function ReminderFields({ initial, isNew, mistake }: { initial: readonly number[] | null; isNew: boolean; mistake?: string }) {
  const [choice, setChoice] = useState(initial === null ? ofChannel : initial.length === 0 ? 'none' : 'these');
  const text = adminText.schedule.form;
  const minutes = (
    <TextField
      label={text.reminderMinutes}
      name="reminderMinutes"
      hint={text.remindersHint}
      mistake={mistake}
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
        mistake={choice === 'these' ? undefined : mistake}
        options={[[ofChannel, text.asChannel] as const, ...Object.entries(text.reminderChoices)]}
        value={choice}
        onChoose={setChoice}
      />
      {choice === 'these' && minutes}
    </>
  );
}

// One of the server's ladders, or rungs as somebody writes them; either is sent as `ladder`.
function QualityFields({ initial, ladders, mistake }: { initial: string; ladders: readonly string[]; mistake?: string }) {
  const names = [ofChannel, ...ladders];
  const [choice, setChoice] = useState(initial === ofChannel || ladders.length === 0 || names.includes(initial) ? initial : own);
  const text = adminText.schedule.form;
  const known = names.includes(choice) || choice === own ? names : [...names, choice];
  return (
    <>
      <SelectField
        label={text.ladder}
        name={choice === own ? 'ladder-choice' : 'ladder'}
        mistake={choice === own ? undefined : mistake}
        options={[...known, own].map((name) => [name, name === ofChannel ? text.asChannel : (adminText.newChannel.ladders[name] ?? name)] as const)}
        value={choice}
        onChoose={setChoice}
      />
      {choice === own && (
        <TextField
          label={adminText.newChannel.rungs}
          name="ladder"
          hint={adminText.newChannel.rungsHint}
          mistake={mistake}
          defaultValue={names.includes(initial) ? '' : initial}
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

// What the channel says first, then what the server knows; what an event has stays a choice.
function choices(words: Record<string, string>, known: readonly string[] | undefined, current: string): (readonly [string, string])[] {
  return [...new Set([ofChannel, ...(known ?? []), current])].map((name) => [name, name === ofChannel ? adminText.schedule.form.asChannel : (words[name] ?? name)] as const);
}
