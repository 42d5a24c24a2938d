import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { ActionForm } from '../Dialog';
import { TextField } from '../fields';
import { clockText } from '../times';
import { type AuditEntry, type AuditFilter, auditPageSize, listAudit } from './auditApi';
import { usePages } from '../usePages';

/** The audit log, newest first, page by page. */
export function Audit({ api }: { api: Api }) {
  const [filter, setFilter] = useState<AuditFilter>({ actor: '', subject: '', action: '' });
  const load = useCallback((before?: number) => listAudit(api, filter, before), [api, filter]);
  const { items, error, hasMore, loadMore } = usePages(load, auditPageSize);
  const text = adminText.settings.audit;

  return (
    <section className="block">
      <h2>{adminText.settings.sections.audit}</h2>
      <p className="field-hint">{text.intro}</p>
      <ActionForm
        submit={text.show}
        working={text.working}
        onSubmit={async (form) => {
          const valueOf = (name: string) => String(form.get(name)).trim();
          setFilter({ actor: valueOf('actor'), subject: valueOf('subject'), action: valueOf('action') });
        }}
      >
        {() => (
          <div className="field-row">
            <TextField label={text.actor} name="actor" hint={text.actorHint} maxLength={300} autoCapitalize="none" spellCheck={false} />
            <TextField
              label={text.subject}
              name="subject"
              hint={text.subjectHint}
              maxLength={300}
              autoCapitalize="none"
              spellCheck={false}
            />
            <TextField label={text.action} name="action" hint={text.actionHint} maxLength={300} autoCapitalize="none" spellCheck={false} />
          </div>
        )}
      </ActionForm>
      {error !== null && (
        <p className="problem" role="alert">
          {error.fullMessage}
        </p>
      )}
      {items === null && error === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.empty}</p>}
      {items !== null && items.length > 0 && <AuditRows entries={items} />}
      {hasMore && (
        <div className="tools">
          <button type="button" className="button secondary" onClick={loadMore}>
            {text.older}
          </button>
        </div>
      )}
    </section>
  );
}

/** Rows of the audit log. */
export function AuditRows({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <ul className="item-list">
      {entries.map((entry) => (
        <li key={entry.id}>
          <div>
            <p className="item-name">
              {entry.action} <code>{entry.subject}</code>
            </p>
            <p className="field-hint">
              {[clockText(entry.at), actorText(entry), detailText(entry)].filter((part) => part !== '').join(' · ')}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** The actor as text. */
export function actorText({ actor }: AuditEntry): string {
  const text = adminText.settings.audit;
  const actorName = [text.actors[actor.kind] ?? actor.kind, actor.id, actor.name === '' || actor.name === actor.id ? '' : `(${actor.name})`]
    .filter((part) => part !== '')
    .join(' ');
  return actor.address === '' ? actorName : `${actorName} ${text.from(actor.address)}`;
}

function detailText({ detail }: AuditEntry): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
