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

const destinations = ['audit', 'accounting'] as const;

/** A figure of what waits in the outbox, read when it is asked for. */
const outboxGauge = (
  options: {
    readonly registry: Registry;
    readonly database: Database;
    readonly name: string;
    readonly help: string;
  },
  figure: (backlog: Awaited<ReturnType<typeof outboxBacklog>>) => number,
): void => {
  const gauge = new Gauge({
    name: options.name,
    help: options.help,
    labelNames: ['destination'],
    registers: [options.registry],
    async collect() {
      for (const destination of destinations) {
        const backlog = await options.database
          .read((db) => outboxBacklog(db, destination))
          .catch(() => undefined);
        if (backlog !== undefined) gauge.set({ destination }, figure(backlog));
      }
    },
  });
};

interface Observed {
  readonly registry: Registry;
  readonly hub: PolicyHub;
  readonly database: Database;
  readonly clock: () => number;
}

/** The policy version, the routers that follow it, and what waits in the outbox. */
export const observe = ({ registry, hub, database, clock }: Observed): void => {
  new Gauge({
    name: 'lethe_admin_policy_version',
    help: 'Config version that routers are sent',
    registers: [registry],
    async collect() {
      await hub.refresh().catch(() => {});
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
  outboxGauge(
    {
      registry,
      database,
      name: 'lethe_admin_outbox_rows',
      help: 'Outbox rows that were not acknowledged',
    },
    ({ rows }) => rows,
  );
  outboxGauge(
    {
      registry,
      database,
      name: 'lethe_admin_outbox_age_seconds',
      help: 'Age of the oldest outbox row that was not acknowledged',
    },
    ({ oldestMs }) => (oldestMs === undefined ? 0 : (clock() - oldestMs) / 1000),
  );
};
