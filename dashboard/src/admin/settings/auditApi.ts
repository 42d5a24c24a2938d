import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/audit`.

export type AuditEntry = Schemas['AuditView'];

export interface AuditFilter {
  actor: string;
  subject: string;
  action: string;
}

/** Most rows that are asked for at a time. */
export const auditPage = 50;

/** Rows, newest first; what of the filter is empty does not count. */
export function listAudit(api: Api, filter: AuditFilter, before?: number): Promise<AuditEntry[]> {
  const query = new URLSearchParams({ limit: String(auditPage) });
  for (const member of ['actor', 'subject', 'action'] as const) {
    if (filter[member] !== '') query.set(member, filter[member]);
  }
  if (before !== undefined) query.set('before', String(before));
  return api.ask('GET', `/audit?${query.toString()}`);
}
