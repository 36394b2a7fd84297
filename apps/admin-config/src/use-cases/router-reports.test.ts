import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import { startWorld, takeAuditEvents, type World } from '../testing/world.contract.js';
import { RouterReports } from './router-reports.js';

describe('what routers report', () => {
  let world: World;
  let reports: RouterReports;
  const lines: string[] = [];
  beforeAll(async () => {
    world = await startWorld();
    const log = createLogger('admin-config', (line) => lines.push(line));
    reports = new RouterReports({ deps: world.replica.deps, log });
  });
  afterAll(async () => {
    await reports.close();
    await world.close();
  });
  const facts = async () =>
    (await takeAuditEvents(world)).map(({ type, subject, data }) => ({
      type: type.replace(/^ai\.lethe\.audit\.(.*)\.v1$/, '$1'),
      subject,
      after: data.unmapped.after,
    }));
  const check = (ok: boolean) => ({ item: 1, ok });

  it('becomes one event of each kind, counted together', async () => {
    reports.note('r1', { leaseLapses: 2n, zdrRegressions: 0n, preflight: [check(true), check(false)] });
    reports.note('r2', { leaseLapses: 1n, zdrRegressions: 0n, preflight: [] });
    reports.note('r1', { leaseLapses: 0n, zdrRegressions: 0n, preflight: [] });
    await reports.flush();
    const range = { start: expect.any(String), end: expect.any(String) };
    expect(await facts()).toEqual([
      {
        ...{ type: 'lease.lapsed', subject: 'deployment/deployment' },
        after: { routers: 2, lapses: 3, config_version: '1', ...range },
      },
      {
        ...{ type: 'router.preflight_reported', subject: 'deployment/deployment' },
        after: { routers: 1, reports: 1, checks: 2, checks_failed: 1, ...range },
      },
    ]);
    await reports.flush();
    expect(await facts()).toEqual([]);
  });

  it('is counted on while it cannot be written', async () => {
    await world.postgres.kill();
    reports.note('r1', { leaseLapses: 1n, zdrRegressions: 0n, preflight: [] });
    await reports.flush();
    expect(lines.some((line) => line.includes('router_reports.failed'))).toBe(true);
    await world.postgres.restart();
    await reports.close();
    const [event] = await facts();
    expect([event?.type, event?.after?.lapses]).toEqual(['lease.lapsed', 1]);
  });
});
