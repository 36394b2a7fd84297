import type { policy as wire } from '@lethe/contracts';
import { counterOf, type Registry, readMetric } from '@lethe/service-kit';
import type { PolicyDriver } from './policy-sync/driver.js';
import type { LeaseFact } from './policy-sync/driver-calls.js';
import type { Database, Queryable } from './store/database.js';
import { outboxBacklog, refusedRows } from './store/outbox.js';
import { rolledBackOrganizations } from './store/zdr-log.js';

/** Counts refused changes by their closed code. */
export const refusalCounter = (registry: Registry): ((code: string) => void) => {
  const counter = counterOf(registry, 'lethe_admin_changes_refused_total');
  return (code) => counter.inc({ code });
};

/** Counts what routers report of themselves. */
export const reportCounter = (registry: Registry): ((report: wire.Report) => void) => {
  const counter = counterOf(registry, 'lethe_admin_router_reports_total');
  return (report) => {
    counter.inc({ fact: 'lease_lapses' }, Number(report.leaseLapses));
    counter.inc({ fact: 'zdr_regressions' }, Number(report.zdrRegressions));
    counter.inc({ fact: 'preflight_failed' }, report.preflight.filter(({ ok }) => !ok).length);
  };
};

/** Counts what became of leases. */
export const leaseCounter = (registry: Registry): ((fact: LeaseFact) => void) => {
  const counter = counterOf(registry, 'lethe_admin_leases_total');
  return (fact) => counter.inc({ fact });
};

const destinations = ['audit', 'accounting'] as const;
type Destination = (typeof destinations)[number];

interface Observed {
  readonly registry: Registry;
  readonly driver: PolicyDriver;
  readonly database: Database;
  readonly clock: () => number;
}

const observeOutbox = ({ registry, database, clock }: Omit<Observed, 'driver'>): void => {
  const ofEach =
    (figure: (db: Queryable, destination: Destination) => Promise<number>) =>
    (): Promise<(readonly [{ readonly destination: Destination }, number])[]> =>
      Promise.all(
        destinations.map(
          async (destination) =>
            [{ destination }, await database.read((db) => figure(db, destination))] as const,
        ),
      );
  readMetric(
    registry,
    'lethe_admin_outbox_rows',
    ofEach(async (db, destination) => (await outboxBacklog(db, destination)).rows),
  );
  readMetric(
    registry,
    'lethe_admin_outbox_age_seconds',
    ofEach(async (db, destination) => {
      const { oldestMs } = await outboxBacklog(db, destination);
      return oldestMs === undefined ? 0 : Math.max(0, (clock() - oldestMs) / 1000);
    }),
  );
  readMetric(registry, 'lethe_admin_outbox_refused_rows', ofEach(refusedRows));
};

/** The policy version, the routers that follow it, and what waits in the outbox. */
export const observe = ({ registry, driver, database, clock }: Observed): void => {
  readMetric(registry, 'lethe_admin_policy_version', async () => {
    await driver.refresh().catch(() => {});
    return Number(driver.version);
  });
  readMetric(registry, 'lethe_admin_policy_streams', () => driver.streams);
  readMetric(registry, 'lethe_admin_zdr_rolled_back_organizations', () =>
    database.read(rolledBackOrganizations),
  );
  readMetric(registry, 'lethe_admin_zdr_guard', () => (driver.guard === undefined ? 0 : 1));
  readMetric(registry, 'lethe_admin_zdr_pending', () => driver.enablings);
  observeOutbox({ registry, database, clock });
};
