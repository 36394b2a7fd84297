import type { policy as wire } from '@lethe/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { PolicyDriver } from './policy-sync/driver.js';
import type { LeaseFact } from './policy-sync/driver-calls.js';
import type { Database, Queryable } from './store/database.js';
import { outboxBacklog, refusedRows } from './store/outbox.js';
import { rolledBackOrganizations } from './store/zdr-log.js';

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

/** Counts what became of leases. */
export const leaseCounter = (registry: Registry): ((fact: LeaseFact) => void) => {
  const counter = new Counter({
    name: 'lethe_admin_leases_total',
    help: 'Leases that were granted, that lapsed, and renewals that were not granted, by why',
    labelNames: ['fact'],
    registers: [registry],
  });
  return (fact) => counter.inc({ fact });
};

const destinations = ['audit', 'accounting'] as const;
type Destination = (typeof destinations)[number];

/** A figure of what waits in the outbox, read when it is asked for. */
const outboxGauge = (
  options: {
    readonly registry: Registry;
    readonly database: Database;
    readonly name: string;
    readonly help: string;
  },
  figure: (db: Queryable, destination: Destination) => Promise<number>,
): void => {
  const gauge = new Gauge({
    name: options.name,
    help: options.help,
    labelNames: ['destination'],
    registers: [options.registry],
    async collect() {
      for (const destination of destinations) {
        const value = await options.database.read((db) => figure(db, destination)).catch(() => undefined);
        if (value !== undefined) gauge.set({ destination }, value);
      }
    },
  });
};

interface Observed {
  readonly registry: Registry;
  readonly driver: PolicyDriver;
  readonly database: Database;
  readonly clock: () => number;
}

const observeOutbox = ({ registry, database, clock }: Omit<Observed, 'driver'>): void => {
  const common = { registry, database };
  outboxGauge(
    {
      ...common,
      name: 'lethe_admin_outbox_rows',
      help: 'Outbox rows that were not acknowledged',
    },
    async (db, destination) => (await outboxBacklog(db, destination)).rows,
  );
  outboxGauge(
    {
      ...common,
      name: 'lethe_admin_outbox_age_seconds',
      help: 'Age of the oldest outbox row that was not acknowledged',
    },
    async (db, destination) => {
      const { oldestMs } = await outboxBacklog(db, destination);
      return oldestMs === undefined ? 0 : (clock() - oldestMs) / 1000;
    },
  );
  outboxGauge(
    {
      ...common,
      name: 'lethe_admin_outbox_refused_rows',
      help: 'Outbox rows that their destination refused for ever',
    },
    refusedRows,
  );
};

/** The policy version, the routers that follow it, and what waits in the outbox. */
export const observe = ({ registry, driver, database, clock }: Observed): void => {
  new Gauge({
    name: 'lethe_admin_policy_version',
    help: 'Config version that routers are sent',
    registers: [registry],
    async collect() {
      await driver.refresh().catch(() => {});
      this.set(Number(driver.version));
    },
  });
  new Gauge({
    name: 'lethe_admin_policy_streams',
    help: 'Routers that follow the policy',
    registers: [registry],
    collect() {
      this.set(driver.streams);
    },
  });
  new Gauge({
    name: 'lethe_admin_zdr_rolled_back_organizations',
    help: 'Organizations that the audit log knows as ZDR and the configuration does not',
    registers: [registry],
    async collect() {
      const organizations = await database.read(rolledBackOrganizations).catch(() => undefined);
      if (organizations !== undefined) this.set(organizations);
    },
  });
  new Gauge({
    name: 'lethe_admin_zdr_guard',
    help: '1 while no lease is granted because something knows more than the configuration',
    registers: [registry],
    collect() {
      this.set(driver.guard === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: 'lethe_admin_zdr_pending',
    help: 'Organizations whose ZDR is committed and not effective yet',
    registers: [registry],
    collect() {
      this.set(driver.enablings);
    },
  });
  observeOutbox({ registry, database, clock });
};
