import { useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel, type System } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { LadderField } from '../LadderField';
import { channelChange, recordingOf, withCurrent } from './channelChange';
import { SlateDialog } from './SlateDialog';

/** What is changed is held against the channel as it was when somebody began, whatever others change meanwhile. */
type Asking = { about: 'change'; before: Channel } | { about: 'slate' | 'delete' };

interface ChannelSectionProps {
  api: Api;
  channel: Channel;
  system: System;
  mayDelete: boolean;
  onChanged: () => void;
}

/** What can be changed of a channel. */
export function ChannelSection({ api, channel, system, mayDelete, onChanged }: ChannelSectionProps) {
  const [asking, setAsking] = useState<Asking | null>(null);
  const text = adminText.channel;
  const name = channel.title || channel.name;
  const close = () => setAsking(null);

  return (
    <section>
      <h3>{text.title}</h3>
      <div className="tools">
        <button type="button" className="button quiet" onClick={() => setAsking({ about: 'change', before: channel })}>
          {text.change}
        </button>
        <button type="button" className="button quiet" onClick={() => setAsking({ about: 'slate' })}>
          {text.slate}
        </button>
        {mayDelete && (
          <button type="button" className="button quiet" onClick={() => setAsking({ about: 'delete' })}>
            {text.delete}
          </button>
        )}
      </div>
      {asking?.about === 'change' && (
        <Dialog title={text.changeTitle(name)} onClose={close}>
          <p className="field-hint">{text.countsFrom}</p>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              const change = channelChange(asking.before, form);
              if (Object.keys(change).length === 0) throw new ApiError(0, text.nothingChanged);
              await api.changeChannel(channel.name, change);
              close();
              onChanged();
            }}
          >
            {(mistakes) => <ChannelFields channel={asking.before} system={system} mistakes={mistakes} />}
          </ActionForm>
        </Dialog>
      )}
      {asking?.about === 'slate' && <SlateDialog api={api} channel={channel} onClose={close} />}
      {asking?.about === 'delete' && (
        <Confirm
          title={text.deleteTitle(name)}
          hint={text.deleteHint}
          submit={text.delete}
          onConfirm={async () => {
            await api.deleteChannel(channel.name);
            onChanged();
          }}
          onClose={close}
        />
      )}
    </section>
  );
}

/** A channel's settings, as they are. */
export function ChannelFields({ channel, system, mistakes }: { channel: Channel; system: System; mistakes: Record<string, string> }) {
  const text = adminText.channel;
  const words = adminText.newChannel;
  const isNamed = system.ladders.includes(channel.ladder);
  return (
    <>
      <TextField label={words.titleField} name="title" hint={words.titleHint} mistake={mistakes.title} defaultValue={channel.title} maxLength={200} autoFocus />
      <SelectField
        label={words.latency}
        name="latency"
        mistake={mistakes.latency}
        initial={channel.latency}
        options={system.latencies.map((latency) => [latency, adminText.channels.latencies[latency] ?? latency] as const)}
      />
      <LadderField ladders={system.ladders} mistake={mistakes.ladder} initial={isNamed ? channel.ladder : 'own'} rungs={isNamed ? undefined : channel.ladder} />
      <SelectField label={words.rewind} name="rewind" hint={words.rewindHint} mistake={mistakes.rewind} initial={channel.rewind} options={withCurrent(words.rewinds, channel.rewind)} />
      <SelectField
        label={words.recording}
        name="recording"
        hint={words.recordingHint}
        mistake={mistakes.record ?? mistakes.retention}
        initial={recordingOf(channel)}
        options={withCurrent(words.recordings, recordingOf(channel))}
      />
      <TextField
        label={text.reconnect}
        name="reconnectWindowSeconds"
        type="number"
        min={0}
        hint={text.reconnectHint}
        mistake={mistakes.reconnectWindowSeconds}
        defaultValue={channel.reconnectWindowSeconds}
      />
      <TextField
        label={text.languages}
        name="audioLanguages"
        hint={text.languagesHint}
        mistake={mistakes.audioLanguages}
        defaultValue={(channel.audioLanguages ?? []).join(', ')}
        spellCheck={false}
      />
      <TextField label={text.reminders} name="reminderMinutes" hint={text.remindersHint} mistake={mistakes.reminderMinutes} defaultValue={(channel.reminderMinutes ?? []).join(', ')} />
      <SelectField
        label={text.announces}
        name="announceEvents"
        hint={text.announcesHint}
        mistake={mistakes.announceEvents}
        initial={channel.announceEvents === false ? 'off' : 'on'}
        options={Object.entries(text.announcing)}
      />
    </>
  );
}
