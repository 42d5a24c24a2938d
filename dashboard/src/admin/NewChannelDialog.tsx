import { useState } from 'react';
import { adminText } from '../text';
import type { Api } from './api';
import { storeKey } from './channel/pageSecrets';
import { ActionForm, Dialog, Field } from './Dialog';
import { LadderField } from './LadderField';

interface NewChannelDialogProps {
  api: Api;
  ladders: string[];
  latencies: string[];
  /** Receives the name of the new channel. The dialog shows progress until the promise resolves. */
  onCreated: (channel: string) => Promise<void>;
  onClose: () => void;
}

/** Creates a channel. The channel page then shows its first stream key. */
export function NewChannelDialog({ api, ladders, latencies, onCreated, onClose }: NewChannelDialogProps) {
  const [latency, setLatency] = useState(latencies.includes('standard') ? 'standard' : (latencies[0] ?? ''));
  const text = adminText.newChannel;

  async function create(form: FormData) {
    const name = String(form.get('name')).trim();
    const recording = String(form.get('recording'));
    const created = await api.createChannel({
      name,
      title: String(form.get('title')).trim(),
      latency,
      ladder: String(form.get('ladder')),
      dvrWindow: String(form.get('dvrWindow')),
      record: recording !== 'off',
      retention: recording === 'off' ? 'forever' : recording,
    });
    storeKey(created.channel.name, created.streamKey);
    await onCreated(created.channel.name);
  }

  return (
    <Dialog title={text.title} onClose={onClose}>
      <ActionForm submit={text.submit} working={text.working} onSubmit={create} onCancel={onClose}>
        {(fieldErrors) => (
          <>
            <Field label={text.name} name="name" hint={text.nameHint} error={fieldErrors.name}>
              {(props) => (
                <input {...props} required maxLength={64} autoFocus autoComplete="off" autoCapitalize="none" spellCheck={false} />
              )}
            </Field>
            <Field label={text.titleField} name="title" hint={text.titleHint} error={fieldErrors.title}>
              {(props) => <input {...props} maxLength={200} autoComplete="off" />}
            </Field>
            <Field label={text.latency} name="latency" hint={text.latencyHints[latency]} error={fieldErrors.latency}>
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
            <Field label={text.dvrWindow} name="dvrWindow" hint={text.dvrWindowHint} error={fieldErrors.dvrWindow}>
              {(props) => (
                <select {...props} defaultValue="off">
                  {Object.entries(text.dvrWindows).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label={text.recording} name="recording" hint={text.recordingHint} error={fieldErrors.record ?? fieldErrors.retention}>
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
            <LadderField ladders={ladders} error={fieldErrors.ladder} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
