import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError } from '../api';
import { clockText } from '../times';
import { usePolled } from '../usePolled';
import { storagePlace, type StorageTest, testStorage } from './storageApi';

const everyMs = 300_000;

/** Where media are kept, and a button that tries it out. */
export function Storage({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const place = usePolled(useCallback(() => storagePlace(api), [api]), everyMs, onExpired);
  const [testing, setTesting] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [result, setResult] = useState<StorageTest | null>(null);
  const text = adminText.settings.storage;

  async function test() {
    setTesting(true);
    setProblem(null);
    try {
      setResult(await testStorage(api));
    } catch (error) {
      setProblem(error instanceof ApiError ? error.words : adminText.failed);
    } finally {
      setTesting(false);
    }
  }

  return (
    <section className="block">
      <div className="panel-top">
        <h2>{adminText.settings.sections.storage}</h2>
        <button type="button" className="button quiet" disabled={testing || place.data === null} aria-busy={testing} onClick={() => void test()}>
          {testing ? text.testing : text.test}
        </button>
      </div>
      {place.data === null && place.error === null && <p role="status">{adminText.loading}</p>}
      {place.error !== null && (
        <p className="problem" role="alert">
          {place.error.words}
        </p>
      )}
      {place.data !== null && (
        <dl className="facts">
          <dt>{text.kind}</dt>
          <dd>{text.kinds[place.data.kind] ?? place.data.kind}</dd>
          <dt>{text.place}</dt>
          <dd>
            <code>{place.data.place}</code>
          </dd>
        </dl>
      )}
      <p className="field-hint">{text.intro}</p>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div aria-live="polite">{result !== null && <TestResult result={result} />}</div>
    </section>
  );
}

/** What was tried, step by step, and what to do where one did not work. */
export function TestResult({ result }: { result: StorageTest }) {
  const text = adminText.settings.storage;
  return (
    <>
      <p className="source-state" data-good={result.works}>
        {result.works ? text.works(result.tookMilliseconds) : text.worksNot} <span className="field-hint">{clockText(result.testedAt)}</span>
      </p>
      <ul className="keys">
        {result.steps.map((step) => (
          <li key={step.step}>
            <div>
              <p className="key-name">{text.steps[step.step] ?? step.step}</p>
              {step.problem !== null && <p className="field-mistake">{step.problem}</p>}
            </div>
            <span className="source-state" data-good={step.works}>
              {step.works ? text.took(step.tookMilliseconds) : text.failed}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
