import type { OrgId, Uuid } from '@lethe/contracts';
import type postgres from 'postgres';

/** An audit event on its way: its id, its organization (undefined: the deployment's) and its encoded body. */
export interface QueuedEvent {
  readonly eventId: Uuid;
  readonly orgId: OrgId | undefined;
  readonly body: Buffer;
}

export interface UnsentEvent extends QueuedEvent {
  readonly seq: string;
}

/** Queues an audit event; durable when the transaction it runs in commits. */
export const queueAuditEvent = async (
  sql: postgres.Sql | postgres.TransactionSql,
  event: QueuedEvent,
): Promise<void> => {
  await sql`select outbox.queue_audit_event(${event.eventId}, ${event.orgId ?? null}, ${event.body})`;
};

/** What is not sent yet, in order. */
export const unsentEvents = async (sql: postgres.Sql, limit: number): Promise<readonly UnsentEvent[]> => {
  const rows = await sql<{ seq: string; event_id: Uuid; org_id: OrgId | null; body: Buffer }[]>`
    select * from outbox.unsent(${limit})`;
  return rows.map((row) => ({
    seq: row.seq,
    eventId: row.event_id,
    orgId: row.org_id ?? undefined,
    body: row.body,
  }));
};

/** Why audit will never take an event. */
export type AuditRefusal = 'invalid_argument' | 'already_exists';

/** Keeps an event that audit will never take, out of the way of the others. */
export const markRefused = async (
  sql: postgres.Sql,
  event: UnsentEvent,
  code: AuditRefusal,
): Promise<void> => {
  await sql`select outbox.mark_refused(${event.seq}, ${code})`;
};

export const markSent = async (sql: postgres.Sql, event: UnsentEvent): Promise<void> => {
  await sql`select outbox.mark_sent(${event.seq})`;
};
