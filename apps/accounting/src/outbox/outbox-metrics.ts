import { uuidV7TimeMs } from '@lethe/contracts';
import { counterOf, type Registry, readMetric } from '@lethe/service-kit';
import type postgres from 'postgres';
import { type AuditRefusal, unsentEvents } from '../store/outbox-store.js';

/** Counts audit events that audit will never take, by why. */
export const auditRefusalCounter = (registry: Registry): ((code: AuditRefusal) => void) => {
  const counter = counterOf(registry, 'lethe_accounting_audit_events_refused_total');
  return (code) => counter.inc({ code });
};

/** Shows how long the oldest audit event has been waiting: its id says when it was made. */
export const showOutboxAge = (
  registry: Registry,
  sql: postgres.Sql,
  nowMs: () => number = Date.now,
): void => {
  readMetric(registry, 'lethe_accounting_outbox_age_seconds', async () => {
    const [oldest] = await unsentEvents(sql, 1);
    return oldest === undefined ? 0 : Math.max(0, (nowMs() - uuidV7TimeMs(oldest.eventId)) / 1000);
  });
};
