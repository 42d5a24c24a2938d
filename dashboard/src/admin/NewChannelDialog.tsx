import { useState } from 'react';
import { adminText } from '../text';
import type { Api, Channel } from './api';
import { ActionForm, Dialog, Field } from './Dialog';
import { LadderField } from './LadderField';
import { NewKeyDialog } from './NewKeyDialog';

interface NewChannelDialogProps {
  api: Api;
  ladders: string[];
  latencies: string[];
  /** All channels as they are now, the new one among them soon. */
  channels: readonly Channel[];
  rtmp: string;
  onCreated: () => void;
  onClose: () => void;
}

/** Makes a channel, then shows its first stream key. */
export function NewChannelDialog({ api, ladders, latencies, channels, rtmp, onCreated, onClose }: NewChannelDialogProps) {
  const [created, setCreated] = useState<{ channel: string; name: string; streamKey: string } | null>(null);
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
    setCreated({ channel: answer.channel.name, name: answer.channel.title || name, streamKey: answer.streamKey });
    onCreated();
  }

  if (created !== null) {
    const state = channels.find((channel) => channel.name === created.channel)?.live?.state ?? 'offline';
    return <NewKeyDialog title={adminText.newKey.channelTitle(created.name)} rtmp={rtmp} streamKey={created.streamKey} waiting={{ channel: created.channel, state }} onDone={onClose} />;
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
