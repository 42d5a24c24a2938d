import { useCallback, useState } from 'react';
import { adminText } from '../../text';
import type { Api } from '../api';
import { ActionForm } from '../Dialog';
import { TextField } from '../fields';
import { clockText } from '../times';
import { type AuditEntry, type AuditFilter, auditPage, listAudit } from './auditApi';
import { usePages } from '../usePages';

/** Who changed what, newest first, page by page. */
export function Audit({ api }: { api: Api }) {
  const [filter, setFilter] = useState<AuditFilter>({ actor: '', subject: '', action: '' });
  const ask = useCallback((before?: number) => listAudit(api, filter, before), [api, filter]);
  const { items, problem, hasMore, more } = usePages(ask, auditPage);
  const text = adminText.settings.audit;

  return (
    <section className="block">
      <h2>{adminText.settings.sections.audit}</h2>
      <p className="field-hint">{text.intro}</p>
      <ActionForm
        submit={text.show}
        working={text.working}
        onSubmit={async (form) => {
          const of = (name: string) => String(form.get(name)).trim();
          setFilter({ actor: of('actor'), subject: of('subject'), action: of('action') });
        }}
      >
        {() => (
          <div className="field-row">
            <TextField label={text.actor} name="actor" hint={text.actorHint} maxLength={300} autoCapitalize="none" spellCheck={false} />
            <TextField label={text.subject} name="subject" hint={text.subjectHint} maxLength={300} autoCapitalize="none" spellCheck={false} />
            <TextField label={text.action} name="action" hint={text.actionHint} maxLength={300} autoCapitalize="none" spellCheck={false} />
          </div>
        )}
      </ActionForm>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem.words}
        </p>
      )}
      {items === null && problem === null && <p role="status">{adminText.loading}</p>}
      {items?.length === 0 && <p className="field-hint">{text.empty}</p>}
      {items !== null && items.length > 0 && <AuditRows entries={items} />}
      {hasMore && (
        <div className="tools">
          <button type="button" className="button quiet" onClick={more}>
            {text.older}
          </button>
        </div>
      )}
    </section>
  );
}

/** Rows of the log. */
export function AuditRows({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <ul className="keys">
      {entries.map((entry) => (
        <li key={entry.id}>
          <div>
            <p className="key-name">
              {entry.action} <code>{entry.subject}</code>
            </p>
            <p className="field-hint">{[clockText(entry.at), actorWords(entry), detailWords(entry)].filter((words) => words !== '').join(' · ')}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Who it was, in words. */
export function actorWords({ actor }: AuditEntry): string {
  const text = adminText.settings.audit;
  const who = [text.actors[actor.kind] ?? actor.kind, actor.id, actor.name === '' || actor.name === actor.id ? '' : `(${actor.name})`].filter((part) => part !== '').join(' ');
  return actor.address === '' ? who : `${who} ${text.from(actor.address)}`;
}

function detailWords({ detail }: AuditEntry): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
