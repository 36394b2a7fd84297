import { randomUUID } from 'node:crypto';
import { makeOrganization, type TestOrganization } from '../../audit/running/management.js';
import { openRequest } from '../../support/accounting.js';
import { waitFor } from '../../wait-for.js';
import type { House } from './house.js';
import { askOnce } from './traffic.js';

const logsWithinMs = 30_000;

/** Asks through one router until what was asked can be read back. */
export const awaitReadable = async (house: House, org: TestOrganization, router: number): Promise<void> => {
  const routers = house.routers.map(({ url }) => url);
  await waitFor(
    async () => {
      const asked = await askOnce({ routers, apiKey: org.apiKey }, { router, kind: 'whole' });
      if (asked.retention !== 'payload') return false;
      return waitFor(
        async () => {
          const opened = await openRequest(house.run, org.adminToken, asked.requestId).catch(() => undefined);
          return opened !== undefined && opened.payload !== null;
        },
        2_000,
        25,
      ).catch(() => false);
    },
    logsWithinMs,
    50,
  );
};

/** A new organization whose key logs, on every router, so that what is asked can be read. */
export const loggingOrganization = async (house: House): Promise<TestOrganization> => {
  const slug = `zdr-${randomUUID().slice(0, 8)}`;
  const org = await makeOrganization(house.run, slug, slug);
  for (const router of house.routers.keys()) await awaitReadable(house, org, router);
  return org;
};
