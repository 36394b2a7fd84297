import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7, type Uuid } from '@lethe/contracts';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { startTestLog, type TestLog } from '../testing/running-log.contract.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
beforeAll(async () => {
  server = await startAuditDatabase();
});
afterAll(() => server.stop());

const shredders = async ({ anchors }: TestLog): Promise<string[]> => {
  const all: string[] = [];
  for await (const { orgId, shredHistory } of anchors.tombstones()) if (shredHistory) all.push(orgId);
  return all;
};

describe('that the history was given up', () => {
  it('stands in the tombstone, also in one that is made again from the log', async () => {
    const [plain, shredding]: Uuid[] = [newUuidV7(), newUuidV7()];
    const log = await startTestLog({ url: server.url });
    for (const [orgId, after] of [
      [plain, { shred_history: false }],
      [shredding, { shred_history: true }],
    ] as const)
      await log.append({
        type: 'zdr.enabled',
        orgId: orgId as Uuid,
        target: { kind: 'organization', id: orgId as Uuid },
        before: {},
        after,
      });
    expect(await shredders(log)).toEqual([shredding]);
    await log.stop();
    const fresh = await startTestLog({ url: server.url });
    expect(await shredders(fresh)).toEqual([shredding]);
    await fresh.stop();
  });
});
