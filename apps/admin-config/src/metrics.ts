import type { policy as wire } from '@lethe/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { PolicyHub } from './policy-sync/policy-hub.js';
import type { Database } from './store/database.js';
import { outboxBacklog } from './store/outbox.js';

/** Counts refused changes by their closed code. */
export const refusalCounter = (registry: Registry): ((code: string) => void) => {
  const counter = new Counter({
    name: 'lethe_admin_changes_refused_total',
    help: 'Changes that the caller may not make',
    labelNames: ['code'],
    registers: [registry],
  });
  return (code) => counter.inc({ code });
};

/** Counts what routers report of themselves. */
export const reportCounter = (registry: Registry): ((report: wire.Report) => void) => {
  const counter = new Counter({
    name: 'lethe_admin_router_reports_total',
    help: 'Facts that routers report',
    labelNames: ['fact'],
    registers: [registry],
  });
  return (report) => {
    counter.inc({ fact: 'lease_lapses' }, Number(report.leaseLapses));
    counter.inc({ fact: 'zdr_regressions' }, Number(report.zdrRegressions));
    counter.inc({ fact: 'preflight_failed' }, report.preflight.filter(({ ok }) => !ok).length);
  };
};

/** The policy version, the routers that follow it, and what waits in the outbox. */
export const observe = (
  registry: Registry,
  hub: PolicyHub,
  database: Database,
  clock: () => number,
): void => {
  new Gauge({
    name: 'lethe_admin_policy_version',
    help: 'Config version that routers are sent',
    registers: [registry],
    collect() {
      this.set(Number(hub.version));
    },
  });
  new Gauge({
    name: 'lethe_admin_policy_streams',
    help: 'Routers that follow the policy',
    registers: [registry],
    collect() {
      this.set(hub.streams);
    },
  });
  const rows = new Gauge({
    name: 'lethe_admin_outbox_rows',
    help: 'Outbox rows that were not acknowledged',
    labelNames: ['destination'],
    registers: [registry],
  });
  const age = new Gauge({
    name: 'lethe_admin_outbox_age_seconds',
    help: 'Age of the oldest outbox row that was not acknowledged',
    labelNames: ['destination'],
    registers: [registry],
    async collect() {
      for (const destination of ['audit', 'accounting'] as const) {
        const backlog = await database.read((db) => outboxBacklog(db, destination)).catch(() => undefined);
        if (backlog === undefined) continue;
        rows.set({ destination }, backlog.rows);
        age.set({ destination }, backlog.oldestMs === undefined ? 0 : (clock() - backlog.oldestMs) / 1000);
      }
    },
  });
};
