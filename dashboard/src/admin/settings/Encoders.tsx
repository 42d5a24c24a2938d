import { useCallback, useState } from 'react';
import type { Schemas } from '../../api/schema';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { AsyncList } from '../AsyncList';
import { clockText } from '../times';
import { usePolled } from '../usePolled';

/** An encoder of the machine: `/api/v1/encoders`. */
export type EncoderInfo = Schemas['EncoderView'];

/** The detected encoders, working ones first, and a button that probes them again. */
export function Encoders({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const encoders = usePolled(useCallback(() => api.send<EncoderInfo[]>('GET', '/encoders'), [api]), 60_000, onExpired);
  const [isProbing, setProbing] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const text = adminText.settings.encoders;

  async function probe() {
    setProbing(true);
    setError(null);
    try {
      await api.send('POST', '/encoders/probe');
    } catch (error) {
      setError(error instanceof ApiError ? error.fullMessage : adminText.failed);
    } finally {
      setProbing(false);
      encoders.refresh();
    }
  }

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.encoders}</h2>
        <button type="button" className="button secondary" disabled={isProbing} aria-busy={isProbing} onClick={() => void probe()}>
          {isProbing ? text.probing : text.probe}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
      <AsyncList source={encoders} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => <EncoderRows encoders={items} />}
      </AsyncList>
    </section>
  );
}

/** Rows of the encoder list. */
export function EncoderRows({ encoders }: { encoders: readonly EncoderInfo[] }) {
  const text = adminText.settings.encoders;
  return (
    <ul className="item-list">
      {[...encoders]
        .sort((a, b) => Number(b.works) - Number(a.works))
        .map((encoder) => (
          <li key={encoder.encoder}>
            <div>
              <p className="item-name">
                {encoder.encoder} <code>{`${encoder.vendor} · ${encoder.codec}`}</code>
              </p>
              <p className="field-hint">
                {encoder.works ? text.duration(encoder.durationMilliseconds) : (encoder.error ?? text.probeFailed)}
                {encoder.works && !encoder.usedForRungs && ` · ${text.notUsedForRungs}`}
                {` · ${text.probedAt(clockText(encoder.probedAt))}`}
              </p>
            </div>
            <span className="source-state" data-healthy={encoder.works}>
              {encoder.works ? text.works : text.notWorking}
            </span>
          </li>
        ))}
    </ul>
  );
}
