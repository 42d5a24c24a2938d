import { useState } from 'react';
import { adminText } from '../../text';
import { ApiError, type Channel, type System } from '../api';
import { ActionForm, Dialog, Field } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { EventMoreFields } from './EventMoreFields';
import { repeatWords } from './eventWords';
import { chosenReminders, type EventDraft } from './eventWish';
import { choiceOf, type Repeat, repeats, ruleOf, type Until } from './recurrence';
import { movedEnd, timeZones } from './wallClock';

interface EventFormProps {
  title: string;
  hint?: string;
  submit: string;
  draft: EventDraft;
  /** The channels to choose from; null where an event keeps its own. */
  channels: readonly Channel[] | null;
  /** Whether it may recur: a new event may, a series must. */
  recurs: 'may' | 'must' | 'no';
  /** Null until it is known. */
  system: System | null;
  onSubmit: (draft: EventDraft) => Promise<void>;
  onClose: () => void;
}

/** Everything that an event is, in fields. */
export function EventForm({ title, hint, submit, draft, channels, recurs, system, onSubmit, onClose }: EventFormProps) {
  const [start, setStart] = useState(draft.start);
  const [end, setEnd] = useState(draft.end);
  const initial = choiceOf(draft.recurrence, draft.start);
  const [repeat, setRepeat] = useState<Repeat>(initial.repeat);
  const [stops, setStops] = useState<Until['kind']>(initial.until.kind);
  const [chosen, setChosen] = useState(draft.channel);
  const text = adminText.schedule.form;

  async function send(form: FormData) {
    const of = (name: string) => String(form.get(name) ?? '').trim();
    const until: Until = { kind: stops, count: Number(of('count')), date: of('until') };
    const recurrence = recurs === 'no' ? draft.recurrence : ruleOf(repeat, start, until, of('recurrence'));
    await onSubmit({
      title: of('title'),
      description: of('description'),
      channel: channels === null ? draft.channel : of('channel'),
      start,
      end,
      timeZone: of('timeZone'),
      recurrence,
      startMode: of('startMode'),
      previewMinutes: Number(of('previewSeconds')),
      record: of('record'),
      access: of('access'),
      announced: of('announced'),
      ladder: of('ladder'),
      latency: of('latency'),
      poster: of('poster'),
      graceMinutes: Number(of('graceSeconds')),
      overrun: of('overrun'),
      noShowMinutes: Number(of('noShowSeconds')),
      reminderMinutes: chosenReminders(of('reminders'), of('reminderMinutes')),
    });
  }

  return (
    <Dialog title={title} onClose={onClose} stays>
      {hint && <p className="field-hint">{hint}</p>}
      <ActionForm submit={submit} working={text.working} onSubmit={send} onCancel={onClose}>
        {(mistakes) => (
          <>
            <TextField label={text.name} name="title" mistake={mistakes.title} defaultValue={draft.title} required maxLength={200} autoFocus />
            <Field label={text.description} name="description" mistake={mistakes.description}>
              {(props) => <textarea {...props} defaultValue={draft.description} maxLength={5000} rows={3} />}
            </Field>
            {channels !== null && (
              <SelectField
                label={text.channel}
                name="channel"
                mistake={mistakes.channel}
                value={chosen}
                onChoose={setChosen}
                options={channels.map((channel) => [channel.name, channel.title || channel.name] as const)}
              />
            )}
            <div className="field-row wide">
              <TextField
                label={text.start}
                name="start"
                type="datetime-local"
                mistake={mistakes.start}
                required
                value={start}
                onChange={(event) => {
                  const moved = event.currentTarget.value;
                  setEnd(movedEnd(end, start, moved));
                  setStart(moved);
                }}
              />
              <TextField label={text.end} name="end" type="datetime-local" mistake={mistakes.end} required value={end} onChange={(event) => setEnd(event.currentTarget.value)} />
            </div>
            <TimeZoneField initial={draft.timeZone} mistake={mistakes.timeZone} />
            {recurs !== 'no' && (
              <RepeatFields
                start={start}
                initial={initial}
                repeat={repeat}
                stops={stops}
                mustRepeat={recurs === 'must'}
                mistake={mistakes.recurrence}
                onRepeat={setRepeat}
                onStops={setStops}
              />
            )}
            <div className="field-row">
              <SelectField label={text.startMode} name="startMode" mistake={mistakes.startMode} initial={draft.startMode} options={Object.entries(text.startModes)} />
              <SelectField label={text.record} name="record" mistake={mistakes.record} initial={draft.record} options={recordChoices(channels?.find((channel) => channel.name === chosen))} />
            </div>
            <EventMoreFields draft={draft} isNew={channels !== null} system={system} mistakes={mistakes} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}

/** Whether it is recorded; what a channel says of that stands in the words, where the channel is known. */
export function recordChoices(channel: Channel | undefined): [string, string][] {
  const { records, recordsOfChannel } = adminText.schedule.facts;
  const ofChannel = channel?.record === undefined ? undefined : recordsOfChannel[channel.record ? 'on' : 'off'];
  return Object.entries(records).map(([value, words]) => [value, value === 'channel' ? (ofChannel ?? words) : words]);
}

/** Which zone's clocks start and end are read from. */
export function TimeZoneField({ initial, mistake }: { initial: string; mistake?: string }) {
  const text = adminText.schedule.form;
  return (
    <>
      <TextField
        label={text.timeZone}
        name="timeZone"
        hint={text.timeZoneHint}
        mistake={mistake}
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
  initial: { repeat: Repeat; until: Until; own: string };
  repeat: Repeat;
  stops: Until['kind'];
  mustRepeat: boolean;
  mistake?: string;
  onRepeat: (repeat: Repeat) => void;
  onStops: (stops: Until['kind']) => void;
}

/** How something recurs, and for how long. */
export function RepeatFields({ start, initial, repeat, stops, mustRepeat, mistake, onRepeat, onStops }: RepeatFieldsProps) {
  const text = adminText.schedule.form;
  const choices = repeats.filter((choice) => choice !== 'once' || !mustRepeat);
  return (
    <>
      <SelectField
        label={text.repeat}
        name="repeat"
        mistake={repeat === 'own' ? undefined : mistake}
        options={choices.map((choice) => [choice, repeatWords(choice, start)] as const)}
        value={repeat}
        onChoose={(value) => onRepeat(value as Repeat)}
      />
      {repeat === 'own' && (
        <TextField label={text.rule} name="recurrence" hint={text.ruleHint} mistake={mistake} defaultValue={initial.own} required maxLength={300} autoCapitalize="characters" spellCheck={false} />
      )}
      {repeat !== 'own' && repeat !== 'once' && (
        <div className="field-row">
          <SelectField label={text.stops} name="stops" options={Object.entries(text.stopsKinds)} value={stops} onChoose={(value) => onStops(value as Until['kind'])} />
          {stops === 'count' && <TextField label={text.times} name="count" type="number" min={1} max={10000} defaultValue={initial.until.count ?? 10} required />}
          {stops === 'date' && <TextField label={text.lastDay} name="until" type="date" defaultValue={initial.until.date ?? start.slice(0, 10)} required />}
        </div>
      )}
    </>
  );
}

/** Refuses to send what changes nothing. */
export function refuseNothing(wish: object): void {
  if (Object.keys(wish).length === 0) throw new ApiError(0, adminText.schedule.form.nothingChanged);
}
