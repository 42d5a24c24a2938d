import { useCallback, useState } from 'react';
import type { Schemas } from '../../api/schema';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { Loaded } from '../Loaded';
import { clockText } from '../times';
import { usePolled } from '../usePolled';

/** What the machine can encode with, or why not: `/api/v1/encoders`. */
export type FoundEncoder = Schemas['EncoderView'];

/** The encoders that were found, those that work first, and a button that tries them anew. */
export function Encoders({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const encoders = usePolled(useCallback(() => api.ask<FoundEncoder[]>('GET', '/encoders'), [api]), 60_000, onExpired);
  const [proving, setProving] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const text = adminText.settings.encoders;

  async function prove() {
    setProving(true);
    setProblem(null);
    try {
      await api.ask('POST', '/encoders/prove');
    } catch (error) {
      setProblem(error instanceof ApiError ? error.words : adminText.failed);
    } finally {
      setProving(false);
      encoders.refresh();
    }
  }

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.encoders}</h2>
        <button type="button" className="button quiet" disabled={proving} aria-busy={proving} onClick={() => void prove()}>
          {proving ? text.proving : text.prove}
        </button>
      </div>
      <p className="field-hint">{text.intro}</p>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <Loaded polled={encoders} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => <EncoderRows encoders={items} />}
      </Loaded>
    </section>
  );
}

/** Encoders with what is to be said of each. */
export function EncoderRows({ encoders }: { encoders: readonly FoundEncoder[] }) {
  const text = adminText.settings.encoders;
  return (
    <ul className="keys">
      {[...encoders]
        .sort((a, b) => Number(b.works) - Number(a.works))
        .map((encoder) => (
          <li key={encoder.encoder}>
            <div>
              <p className="key-name">
                {encoder.encoder} <code>{`${encoder.vendor} · ${encoder.codec}`}</code>
              </p>
              <p className="field-hint">
                {encoder.works ? text.took(encoder.tookMilliseconds) : (encoder.refusal ?? text.refused)}
                {encoder.works && !encoder.forRungs && ` · ${text.notForRungs}`}
                {` · ${text.proved(clockText(encoder.provedAt))}`}
              </p>
            </div>
            <span className="source-state" data-good={encoder.works}>
              {encoder.works ? text.works : text.worksNot}
            </span>
          </li>
        ))}
    </ul>
  );
}
