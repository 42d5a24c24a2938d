import { useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel, type ChannelChange, type System } from '../api';
import { Confirm } from '../Confirm';
import { ActionForm, Dialog } from '../Dialog';
import { SelectField, TextField } from '../fields';
import { LadderField } from '../LadderField';
import { ConfirmExpiry, type ExpiringChange, sendChange } from '../retention';
import { channelChangeOf, recordingSetting, optionsWithCurrent } from './channelChange';
import { SlateDialog } from './SlateDialog';

/** Changes are computed against the channel as it was when the dialog opened. */
type OpenDialog = { action: 'change'; original: Channel } | { action: 'slate' | 'delete' };

interface ChannelSectionProps {
  api: Api;
  channel: Channel;
  system: System;
  canDelete: boolean;
  onChanged: () => void;
}

/** Channel settings, slate and deletion. */
export function ChannelSection({ api, channel, system, canDelete, onChanged }: ChannelSectionProps) {
  const [openDialog, setOpenDialog] = useState<OpenDialog | null>(null);
  const [expiringChange, setExpiringChange] = useState<ExpiringChange | null>(null);
  const text = adminText.channel;
  const name = channel.title || channel.name;
  const close = () => setOpenDialog(null);

  return (
    <section>
      <h3>{text.title}</h3>
      <div className="tools">
        <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'change', original: channel })}>
          {text.change}
        </button>
        <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'slate' })}>
          {text.slate}
        </button>
        {canDelete && (
          <button type="button" className="button secondary" onClick={() => setOpenDialog({ action: 'delete' })}>
            {text.delete}
          </button>
        )}
      </div>
      {openDialog?.action === 'change' && (
        <Dialog title={text.changeTitle(name)} onClose={close}>
          <p className="field-hint">{text.appliesFrom}</p>
          <ActionForm
            submit={text.save}
            working={text.working}
            onCancel={close}
            onSubmit={async (form) => {
              const change = channelChangeOf(openDialog.original, form);
              if (Object.keys(change).length === 0) throw new ApiError(0, text.nothingChanged);
              const send = async (request: ChannelChange) => {
                await api.changeChannel(channel.name, request);
                close();
                onChanged();
              };
              setExpiringChange(await sendChange(change, send));
            }}
          >
            {(fieldErrors) => <ChannelFields channel={openDialog.original} system={system} fieldErrors={fieldErrors} />}
          </ActionForm>
        </Dialog>
      )}
      {expiringChange && <ConfirmExpiry change={expiringChange} onClose={() => setExpiringChange(null)} />}
      {openDialog?.action === 'slate' && <SlateDialog api={api} channel={channel} onClose={close} />}
      {openDialog?.action === 'delete' && (
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

/** The fields of the channel settings. */
export function ChannelFields({ channel, system, fieldErrors }: { channel: Channel; system: System; fieldErrors: Record<string, string> }) {
  const text = adminText.channel;
  const newChannelText = adminText.newChannel;
  const isPreset = system.ladders.includes(channel.ladder);
  return (
    <>
      <TextField
        label={newChannelText.titleField}
        name="title"
        hint={newChannelText.titleHint}
        error={fieldErrors.title}
        defaultValue={channel.title}
        maxLength={200}
        autoFocus
      />
      <SelectField
        label={newChannelText.latency}
        name="latency"
        error={fieldErrors.latency}
        initial={channel.latency}
        options={system.latencies.map((latency) => [latency, adminText.channels.latencies[latency] ?? latency] as const)}
      />
      <LadderField
        ladders={system.ladders}
        error={fieldErrors.ladder}
        initial={isPreset ? channel.ladder : 'custom'}
        rungs={isPreset ? undefined : channel.ladder}
      />
      <SelectField
        label={newChannelText.dvrWindow}
        name="dvrWindow"
        hint={newChannelText.dvrWindowHint}
        error={fieldErrors.dvrWindow}
        initial={channel.dvrWindow}
        options={optionsWithCurrent(newChannelText.dvrWindows, channel.dvrWindow)}
      />
      <SelectField
        label={newChannelText.recording}
        name="recording"
        hint={newChannelText.recordingHint}
        error={fieldErrors.record ?? fieldErrors.retention}
        initial={recordingSetting(channel)}
        options={optionsWithCurrent(newChannelText.recordings, recordingSetting(channel))}
      />
      <TextField
        label={text.reconnectWindow}
        name="reconnectWindowSeconds"
        type="number"
        min={0}
        hint={text.reconnectWindowHint}
        error={fieldErrors.reconnectWindowSeconds}
        defaultValue={channel.reconnectWindowSeconds}
      />
      <TextField
        label={text.audioLanguages}
        name="audioLanguages"
        hint={text.audioLanguagesHint}
        error={fieldErrors.audioLanguages}
        defaultValue={(channel.audioLanguages ?? []).join(', ')}
        spellCheck={false}
      />
      <TextField
        label={text.reminders}
        name="reminderMinutes"
        hint={text.remindersHint}
        error={fieldErrors.reminderMinutes}
        defaultValue={(channel.reminderMinutes ?? []).join(', ')}
      />
      <SelectField
        label={text.announcement}
        name="announceEvents"
        hint={text.announcementHint}
        error={fieldErrors.announceEvents}
        initial={channel.announceEvents === false ? 'off' : 'on'}
        options={Object.entries(text.announcementOptions)}
      />
    </>
  );
}
