import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/audit`.

export type AuditEntry = Schemas['AuditView'];

export interface AuditFilter {
  actor: string;
  subject: string;
  action: string;
}

/** Page size. */
export const auditPageSize = 50;

/** Entries, newest first. Empty filter members match everything. */
export function listAudit(api: Api, filter: AuditFilter, before?: number): Promise<AuditEntry[]> {
  const query = new URLSearchParams({ limit: String(auditPageSize) });
  for (const member of ['actor', 'subject', 'action'] as const) {
    if (filter[member] !== '') query.set(member, filter[member]);
  }
  if (before !== undefined) query.set('before', String(before));
  return api.send('GET', `/audit?${query.toString()}`);
}
