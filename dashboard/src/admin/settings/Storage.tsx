import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { fetchStorage, type StorageTest, testStorage } from './storageApi';

const pollIntervalMs = 300_000;

/** Location of the object store, and its test. */
export function Storage({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const storage = usePolled(
    useCallback(() => fetchStorage(api), [api]),
    pollIntervalMs,
    onExpired,
  );
  const [isTesting, setTesting] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [result, setResult] = useState<StorageTest | null>(null);
  const text = adminText.settings.storage;

  async function test() {
    setTesting(true);
    setError(null);
    try {
      setResult(await testStorage(api));
    } catch (error) {
      setError(error instanceof ApiError ? error.fullMessage : adminText.failed);
    } finally {
      setTesting(false);
    }
  }

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.storage}</h2>
        <button
          type="button"
          className="button secondary"
          disabled={isTesting || storage.data === null}
          aria-busy={isTesting}
          onClick={() => void test()}
        >
          {isTesting ? text.testing : text.test}
        </button>
      </div>
      {storage.data === null && storage.error === null && <p role="status">{adminText.loading}</p>}
      {storage.error !== null && (
        <p className="problem" role="alert">
          {storage.error.fullMessage}
        </p>
      )}
      {storage.data !== null && (
        <dl className="facts">
          <dt>{text.kind}</dt>
          <dd>{text.kinds[storage.data.kind] ?? storage.data.kind}</dd>
          <dt>{text.location}</dt>
          <dd>
            <code>{storage.data.location}</code>
          </dd>
        </dl>
      )}
      <p className="field-hint">{text.intro}</p>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
      <div aria-live="polite">{result !== null && <TestResult result={result} />}</div>
    </section>
  );
}

/** The steps of a storage test. */
export function TestResult({ result }: { result: StorageTest }) {
  const text = adminText.settings.storage;
  return (
    <>
      <p className="source-state" data-healthy={result.works}>
        {result.works ? text.works(result.durationMilliseconds) : text.notWorking}{' '}
        <span className="field-hint">{clockText(result.testedAt)}</span>
      </p>
      <ul className="item-list">
        {result.steps.map((step) => (
          <li key={step.step}>
            <div>
              <p className="item-name">{text.steps[step.step] ?? step.step}</p>
              {step.problem !== null && <p className="field-error">{step.problem}</p>}
            </div>
            <span className="source-state" data-healthy={step.works}>
              {step.works ? text.duration(step.durationMilliseconds) : text.failed}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
