import { useState } from 'react';
import { adminText } from '../../text';
import { ApiError, type Channel, type System } from '../api';
import { ActionForm, Dialog, Field } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { EventMoreFields } from './EventMoreFields';
import { repeatText } from './eventText';
import { reminderSetting, type EventDraft } from './eventRequest';
import { parseRule, type Repeat, repeats, buildRule, type Until } from './recurrence';
import { shiftEnd, timeZones } from './localTime';

interface EventFormProps {
  title: string;
  hint?: string;
  submit: string;
  draft: EventDraft;
  /** The selectable channels; null if the channel cannot change. */
  channels: readonly Channel[] | null;
  /** Whether the event can recur: a new event may, a series must. */
  recurrenceMode: 'may' | 'must' | 'no';
  /** Null until loaded. */
  system: System | null;
  onSubmit: (draft: EventDraft) => Promise<void>;
  onClose: () => void;
}

/** The form of an event. */
export function EventForm({ title, hint, submit, draft, channels, recurrenceMode, system, onSubmit, onClose }: EventFormProps) {
  const [start, setStart] = useState(draft.start);
  const [end, setEnd] = useState(draft.end);
  const initial = parseRule(draft.recurrence, draft.start);
  const [repeat, setRepeat] = useState<Repeat>(initial.repeat);
  const [untilKind, setUntilKind] = useState<Until['kind']>(initial.until.kind);
  const [channelName, setChannelName] = useState(draft.channel);
  const text = adminText.schedule.form;

  async function handleSubmit(form: FormData) {
    const valueOf = (name: string) => String(form.get(name) ?? '').trim();
    const until: Until = { kind: untilKind, count: Number(valueOf('count')), date: valueOf('until') };
    const recurrence = recurrenceMode === 'no' ? draft.recurrence : buildRule(repeat, start, until, valueOf('recurrence'));
    await onSubmit({
      title: valueOf('title'),
      description: valueOf('description'),
      channel: channels === null ? draft.channel : valueOf('channel'),
      start,
      end,
      timeZone: valueOf('timeZone'),
      recurrence,
      startMode: valueOf('startMode'),
      previewMinutes: Number(valueOf('previewSeconds')),
      record: valueOf('record'),
      access: valueOf('access'),
      chat: valueOf('chat'),
      announced: valueOf('announced'),
      ladder: valueOf('ladder'),
      latency: valueOf('latency'),
      poster: valueOf('poster'),
      graceMinutes: Number(valueOf('graceSeconds')),
      overrun: valueOf('overrun'),
      noShowMinutes: Number(valueOf('noShowSeconds')),
      reminderMinutes: reminderSetting(valueOf('reminders'), valueOf('reminderMinutes')),
    });
  }

  return (
    <Dialog title={title} onClose={onClose} keepOpen>
      {hint && <p className="field-hint">{hint}</p>}
      <ActionForm submit={submit} working={text.working} onSubmit={handleSubmit} onCancel={onClose}>
        {(fieldErrors) => (
          <>
            <TextField
              label={text.name}
              name="title"
              error={fieldErrors.title}
              defaultValue={draft.title}
              required
              maxLength={200}
              autoFocus
            />
            <Field label={text.description} name="description" error={fieldErrors.description}>
              {(props) => <textarea {...props} defaultValue={draft.description} maxLength={5000} rows={3} />}
            </Field>
            {channels !== null && (
              <SelectField
                label={text.channel}
                name="channel"
                error={fieldErrors.channel}
                value={channelName}
                onChange={setChannelName}
                options={channels.map((channel) => [channel.name, channel.title || channel.name] as const)}
              />
            )}
            <div className="field-row wide">
              <TextField
                label={text.start}
                name="start"
                type="datetime-local"
                error={fieldErrors.start}
                required
                value={start}
                onChange={(event) => {
                  const newStart = event.currentTarget.value;
                  setEnd(shiftEnd(end, start, newStart));
                  setStart(newStart);
                }}
              />
              <TextField
                label={text.end}
                name="end"
                type="datetime-local"
                error={fieldErrors.end}
                required
                value={end}
                onChange={(event) => setEnd(event.currentTarget.value)}
              />
            </div>
            <TimeZoneField initial={draft.timeZone} error={fieldErrors.timeZone} />
            {recurrenceMode !== 'no' && (
              <RepeatFields
                start={start}
                initial={initial}
                repeat={repeat}
                untilKind={untilKind}
                isRequired={recurrenceMode === 'must'}
                error={fieldErrors.recurrence}
                onRepeat={setRepeat}
                onUntilKind={setUntilKind}
              />
            )}
            <div className="field-row">
              <SelectField
                label={text.startMode}
                name="startMode"
                error={fieldErrors.startMode}
                initial={draft.startMode}
                options={Object.entries(text.startModes)}
              />
              <SelectField
                label={text.record}
                name="record"
                error={fieldErrors.record}
                initial={draft.record}
                options={recordOptions(channels?.find((channel) => channel.name === channelName))}
              />
            </div>
            <EventMoreFields draft={draft} isNew={channels !== null} system={system} fieldErrors={fieldErrors} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

/** Options for recording. The channel's setting is shown if the channel is known. */
export function recordOptions(channel: Channel | undefined): [string, string][] {
  const { records, recordsOfChannel } = adminText.schedule.facts;
  const channelLabel = channel?.record === undefined ? undefined : recordsOfChannel[channel.record ? 'on' : 'off'];
  return Object.entries(records).map(([value, label]) => [value, value === 'channel' ? (channelLabel ?? label) : label]);
}

/** Selects the time zone of start and end. */
export function TimeZoneField({ initial, error }: { initial: string; error?: string }) {
  const text = adminText.schedule.form;
  return (
    <>
      <TextField
        label={text.timeZone}
        name="timeZone"
        hint={text.timeZoneHint}
        error={error}
        defaultValue={initial}
        list="time-zones"
        required
        maxLength={64}
        autoCapitalize="none"
        spellCheck={false}
      />
      <datalist id="time-zones">
        {timeZones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

interface RepeatFieldsProps {
  start: string;
  initial: { repeat: Repeat; until: Until; customRule: string };
  repeat: Repeat;
  untilKind: Until['kind'];
  isRequired: boolean;
  error?: string;
  onRepeat: (repeat: Repeat) => void;
  onUntilKind: (untilKind: Until['kind']) => void;
}

/** Selects the recurrence and its end. */
export function RepeatFields({ start, initial, repeat, untilKind, isRequired, error, onRepeat, onUntilKind }: RepeatFieldsProps) {
  const text = adminText.schedule.form;
  const choices = repeats.filter((choice) => choice !== 'once' || !isRequired);
  return (
    <>
      <SelectField
        label={text.repeat}
        name="repeat"
        error={repeat === 'custom' ? undefined : error}
        options={choices.map((choice) => [choice, repeatText(choice, start)] as const)}
        value={repeat}
        onChange={(value) => onRepeat(value as Repeat)}
      />
      {repeat === 'custom' && (
        <TextField
          label={text.rule}
          name="recurrence"
          hint={text.ruleHint}
          error={error}
          defaultValue={initial.customRule}
          required
          maxLength={300}
          autoCapitalize="characters"
          spellCheck={false}
        />
      )}
      {repeat !== 'custom' && repeat !== 'once' && (
        <div className="field-row">
          <SelectField
            label={text.until}
            name="stops"
            options={Object.entries(text.untilKinds)}
            value={untilKind}
            onChange={(value) => onUntilKind(value as Until['kind'])}
          />
          {untilKind === 'count' && (
            <TextField
              label={text.times}
              name="count"
              type="number"
              min={1}
              max={10000}
              defaultValue={initial.until.count ?? 10}
              required
            />
          )}
          {untilKind === 'date' && (
            <TextField label={text.lastDay} name="until" type="date" defaultValue={initial.until.date ?? start.slice(0, 10)} required />
          )}
        </div>
      )}
    </>
  );
}

/** Rejects a request without changes. */
export function rejectEmpty(request: object): void {
  if (Object.keys(request).length === 0) throw new ApiError(0, adminText.schedule.form.nothingChanged);
}
