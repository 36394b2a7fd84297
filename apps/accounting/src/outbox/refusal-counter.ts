import type { Registry } from '@lethe/service-kit';
import { Counter } from 'prom-client';
import type { AuditRefusal } from '../store/outbox-store.js';

/** Counts audit events that audit will never take, by why. */
export const auditRefusalCounter = (registry: Registry): ((code: AuditRefusal) => void) => {
  const counter = new Counter({
    name: 'lethe_accounting_audit_events_refused_total',
    help: 'Audit events that audit refused for ever, by code. Each is kept in the outbox.',
    labelNames: ['code'],
    registers: [registry],
  });
  return (code) => counter.inc({ code });
};
