import { useState } from 'react';
import { adminText } from '../text';
import type { Api } from './api';
import { rememberKey } from './channel/kept';
import { ActionForm, Dialog, Field } from './Dialog';
import { LadderField } from './LadderField';

interface NewChannelDialogProps {
  api: Api;
  ladders: string[];
  latencies: string[];
  /** Told its name; the dialog says that it works until that is done. */
  onCreated: (channel: string) => Promise<void>;
  onClose: () => void;
}

/** Makes a channel. Its first stream key is shown on the channel's page. */
export function NewChannelDialog({ api, ladders, latencies, onCreated, onClose }: NewChannelDialogProps) {
  const [latency, setLatency] = useState(latencies.includes('standard') ? 'standard' : (latencies[0] ?? ''));
  const text = adminText.newChannel;

  async function create(form: FormData) {
    const name = String(form.get('name')).trim();
    const recording = String(form.get('recording'));
    const answer = await api.createChannel({
      name,
      title: String(form.get('title')).trim(),
      latency,
      ladder: String(form.get('ladder')),
      rewind: String(form.get('rewind')),
      record: recording !== 'off',
      retention: recording === 'off' ? 'forever' : recording,
    });
    rememberKey(answer.channel.name, answer.streamKey);
    await onCreated(answer.channel.name);
  }

  return (
    <Dialog title={text.title} onClose={onClose}>
      <ActionForm submit={text.submit} working={text.working} onSubmit={create} onCancel={onClose}>
        {(mistakes) => (
          <>
            <Field label={text.name} name="name" hint={text.nameHint} mistake={mistakes.name}>
              {(props) => <input {...props} required maxLength={64} autoFocus autoComplete="off" autoCapitalize="none" spellCheck={false} />}
            </Field>
            <Field label={text.titleField} name="title" hint={text.titleHint} mistake={mistakes.title}>
              {(props) => <input {...props} maxLength={200} autoComplete="off" />}
            </Field>
            <Field label={text.latency} name="latency" hint={text.latencyHints[latency]} mistake={mistakes.latency}>
              {(props) => (
                <select {...props} value={latency} onChange={(event) => setLatency(event.currentTarget.value)}>
                  {latencies.map((name) => (
                    <option key={name} value={name}>
                      {adminText.channels.latencies[name] ?? name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={text.rewind} name="rewind" hint={text.rewindHint} mistake={mistakes.rewind}>
              {(props) => (
                <select {...props} defaultValue="off">
                  {Object.entries(text.rewinds).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={text.recording} name="recording" hint={text.recordingHint} mistake={mistakes.record ?? mistakes.retention}>
              {(props) => (
                <select {...props} defaultValue="forever">
                  {Object.entries(text.recordings).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <LadderField ladders={ladders} mistake={mistakes.ladder} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
