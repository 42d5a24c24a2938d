import { useCallback, useEffect, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { usePolled } from '../usePolled';

/** Third-party software that is included, or runs next to the server. */
export interface ThirdPartyWork {
  name: string;
  /** Empty if the machine's version is used. */
  version: string;
  /** SPDX expression. */
  licence: string;
  copyright: string;
  home: string;
  /** Where it is used: in the `pages`, in the `server`, or as a separate program (`beside`). */
  part: string;
}

const parts = ['server', 'pages', 'beside'];

/** Version and licenses. */
export function About({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const system = usePolled(
    useCallback(() => api.system(), [api]),
    300_000,
    onExpired,
  );
  const [software, setSoftware] = useState<readonly ThirdPartyWork[] | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const text = adminText.settings.about;

  useEffect(() => {
    let isMounted = true;
    import('./thirdParty.json').then(
      ({ default: loaded }) => isMounted && setSoftware(loaded),
      () => isMounted && setFailed(true),
    );
    return () => {
      isMounted = false;
    };
  }, []);

  return (
    <>
      <section className="block">
        <h2>{adminText.product}</h2>
        <dl className="facts">
          <dt>{text.version}</dt>
          <dd>{system.data?.version ?? adminText.loading}</dd>
          <dt>{text.license}</dt>
          <dd>{text.licenseText}</dd>
          <dt>{text.api}</dt>
          <dd>
            <code>/api/v1/openapi.json</code>
          </dd>
        </dl>
      </section>
      <section className="block">
        <h2>{text.thirdParty}</h2>
        <p className="field-hint">{text.thirdPartyHint}</p>
        {hasFailed && (
          <p className="problem" role="alert">
            {adminText.failed}
          </p>
        )}
        {software === null && !hasFailed && <p role="status">{adminText.loading}</p>}
        {software !== null && <ThirdPartyList software={software} />}
      </section>
    </>
  );
}

/** Third-party software by location, with licenses. */
export function ThirdPartyList({ software }: { software: readonly ThirdPartyWork[] }) {
  const text = adminText.settings.about;
  return (
    <>
      {parts.map((part) => (
        <section key={part} className="third-party">
          <h3>{text.groups[part]}</h3>
          <ul>
            {software
              .filter((item) => item.part === part)
              .map((item) => (
                <li key={item.name}>
                  <a className="link" href={item.home} target="_blank" rel="noopener noreferrer">
                    {item.name}
                  </a>{' '}
                  {item.version}{' '}
                  <span className="field-hint">{[item.licence, item.copyright].filter((value) => value !== '').join(' · ')}</span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}
