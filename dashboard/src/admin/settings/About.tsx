import { useCallback, useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { usePolled } from '../usePolled';

/** A work of others that is part of this one, or runs beside it. */
export interface Work {
  name: string;
  /** Empty where the machine's own is used, whichever that is. */
  version: string;
  /** SPDX. */
  licence: string;
  copyright: string;
  home: string;
  /** Where it is: in the `pages`, in the `server`, or a program that is run `beside` it. */
  part: string;
}

const parts = ['server', 'pages', 'beside'];

/** Which version this is, and whose works are in it. */
export function About({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const system = usePolled(useCallback(() => api.system(), [api]), 300_000, onExpired);
  const [works, setWorks] = useState<readonly Work[] | null>(null);
  const [isMissing, setMissing] = useState(false);
  const text = adminText.settings.about;

  useEffect(() => {
    let stays = true;
    import('./thirdParty.json').then(
      ({ default: found }) => stays && setWorks(found),
      () => stays && setMissing(true),
    );
    return () => {
      stays = false;
    };
  }, []);

  return (
    <>
      <section className="block">
        <h2>{adminText.product}</h2>
        <dl className="facts">
          <dt>{text.version}</dt>
          <dd>{system.data?.version ?? adminText.loading}</dd>
          <dt>{text.licence}</dt>
          <dd>{text.own}</dd>
          <dt>{text.api}</dt>
          <dd>
            <code>/api/v1/openapi.json</code>
          </dd>
        </dl>
      </section>
      <section className="block">
        <h2>{text.works}</h2>
        <p className="field-hint">{text.worksHint}</p>
        {isMissing && (
          <p className="problem" role="alert">
            {adminText.failed}
          </p>
        )}
        {works === null && !isMissing && <p role="status">{adminText.loading}</p>}
        {works !== null && <WorkList works={works} />}
      </section>
    </>
  );
}

/** Works by where they are, each with its licence. */
export function WorkList({ works }: { works: readonly Work[] }) {
  const text = adminText.settings.about;
  return (
    <>
      {parts.map((part) => (
        <section key={part} className="works">
          <h3>{text.parts[part]}</h3>
          <ul>
            {works
              .filter((work) => work.part === part)
              .map((work) => (
                <li key={work.name}>
                  <a className="link" href={work.home} target="_blank" rel="noopener noreferrer">
                    {work.name}
                  </a>{' '}
                  {work.version} <span className="field-hint">{[work.licence, work.copyright].filter((said) => said !== '').join(' · ')}</span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}
