import { useCallback } from 'react';
import type { Schemas } from '../../api/schema';
import { adminText } from '../../text';
import type { Api } from '../api';
import { AsyncList } from '../AsyncList';
import { clockText } from '../times';
import { usePolled } from '../usePolled';

/** A server that shares the database: `/api/v1/servers`. */
export type ServerInfo = Schemas['ServerView'];

/** The servers that share the database, by number. */
export function Servers({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const servers = usePolled(useCallback(() => api.send<ServerInfo[]>('GET', '/servers'), [api]), 5_000, onExpired);
  const text = adminText.settings.servers;
  return (
    <section className="block">
      <h2>{adminText.settings.sections.servers}</h2>
      <p className="field-hint">{text.intro}</p>
      <AsyncList source={servers} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => <ServerRows servers={items} />}
      </AsyncList>
    </section>
  );
}

/** Rows of the server list. */
export function ServerRows({ servers }: { servers: readonly ServerInfo[] }) {
  const text = adminText.settings.servers;
  return (
    <ul className="item-list">
      {servers.map((server) => (
        <li key={server.number}>
          <div>
            <p className="item-name">
              {text.name(server.number, server.name)} <code>{server.address ?? text.noAddress}</code>
            </p>
            <p className="field-hint">{serverFacts(server).join(' · ')}</p>
          </div>
          <span className="source-state" data-healthy={server.state === 'running'}>
            {text.states[server.state] ?? server.state}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What the list says about a server, beside its name and state. */
export function serverFacts(server: ServerInfo): string[] {
  const text = adminText.settings.servers;
  const facts = [text.sessions(server.sessions)];
  if (server.load !== null && server.state === 'running') facts.push(text.load(Math.round(server.load * 100)));
  if (server.version !== null) facts.push(text.version(server.version));
  facts.push(server.state === 'running' ? text.startedAt(clockText(server.startedAt)) : text.lastSeenAt(clockText(server.lastSeenAt)));
  return facts;
}
