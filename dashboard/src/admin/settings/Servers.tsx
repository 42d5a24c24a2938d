import { useCallback, useState } from 'react';
import type { Schemas } from '../../api/schema';
import { adminText } from '../../text';
import type { Api } from '../api';
import { AsyncList } from '../AsyncList';
import { Confirm } from '../Confirm';
import { clockText } from '../times';
import { usePolled } from '../usePolled';

/** A server that shares the database: `/api/v1/servers`. */
export type ServerInfo = Schemas['ServerView'];

/** The servers that share the database, by number. */
export function Servers({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const servers = usePolled(useCallback(() => api.send<ServerInfo[]>('GET', '/servers'), [api]), 5_000, onExpired);
  const [changing, setChanging] = useState<ServerInfo | null>(null);
  const text = adminText.settings.servers;
  const isDraining = changing?.state === 'draining';
  return (
    <section className="block">
      <h2>{adminText.settings.sections.servers}</h2>
      <p className="field-hint">{text.intro}</p>
      <AsyncList source={servers} empty={<p className="field-hint">{text.empty}</p>}>
        {(items) => <ServerRows servers={items} onChange={setChanging} />}
      </AsyncList>
      {changing !== null && (
        <Confirm
          title={(isDraining ? text.undrainTitle : text.drainTitle)(changing.number)}
          hint={isDraining ? text.undrainHint : text.drainHint}
          submit={isDraining ? text.undrain : text.drain}
          danger={false}
          onConfirm={async () => {
            await api.send('POST', `/servers/${changing.number}/${isDraining ? 'undrain' : 'drain'}`);
            servers.refresh();
          }}
          onClose={() => setChanging(null)}
        />
      )}
    </section>
  );
}

/** Rows of the server list. A running server can be drained, a drained one can take sessions again. */
export function ServerRows({ servers, onChange }: { servers: readonly ServerInfo[]; onChange: (server: ServerInfo) => void }) {
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
          <div className="channel-actions">
            <span className="source-state" data-healthy={server.state === 'running'}>
              {text.states[server.state] ?? server.state}
            </span>
            {isRunning(server) && (
              <button type="button" className="button secondary" onClick={() => onChange(server)}>
                {server.state === 'draining' ? text.undrain : text.drain}
              </button>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Whether a server's process runs. */
function isRunning(server: ServerInfo): boolean {
  return server.state === 'running' || server.state === 'draining';
}

/** What the list says about a server, beside its name and state. */
export function serverFacts(server: ServerInfo): string[] {
  const text = adminText.settings.servers;
  const facts = server.roles === 'all' ? [] : [text.roles(server.roles.split(','))];
  facts.push(text.sessions(server.sessions));
  if (server.load !== null && isRunning(server)) facts.push(text.load(Math.round(server.load * 100)));
  if (server.version !== null) facts.push(text.version(server.version));
  facts.push(isRunning(server) ? text.startedAt(clockText(server.startedAt)) : text.lastSeenAt(clockText(server.lastSeenAt)));
  return facts;
}
