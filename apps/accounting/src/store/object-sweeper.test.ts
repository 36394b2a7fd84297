import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { createLogger, createMetrics } from '@lethe/service-kit';
import { createIngestMetrics } from '../ingest/ingest-metrics.js';
import { type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import { openTestObjects, sealedRaw, type TestObjects } from '../testing/object-store.contract.js';
import { sealedSample, storedPayload } from '../testing/samples.contract.js';
import { createControlStore } from './control-store.js';
import { startObjectSweeper } from './object-sweeper.js';

let bench: IngestionBench;
let objects: TestObjects;
beforeAll(async () => {
  bench = await startIngestionBench();
  objects = await openTestObjects(bench.db.server);
}, 60_000);
afterAll(async () => {
  await objects?.close();
  await bench?.stop();
});

const removed = createIngestMetrics(createMetrics('accounting')).objectsRemoved;
const log = createLogger('accounting', () => undefined);
const there = async (key: string): Promise<boolean> => (await objects.reader.stat(key)) !== undefined;
const sweepUntil = async (orphanMs: number, isDone: () => Promise<boolean>): Promise<void> => {
  const store = createControlStore(bench.pools.control);
  const loop = startObjectSweeper({ store, objects: objects.reader, orphanMs, removed, log });
  for (let i = 0; i < 500 && !(await isDone()); i += 1) await sleep(20);
  await loop.stop();
};
const keep = async () => {
  const [orgId, apiKeyId, insightId] = [newUuidV7(), newUuidV7(), newUuidV7()];
  const to = await bench.openOrg(orgId);
  await bench.putKey(orgId, apiKeyId, true);
  const { reference, ciphertext } = sealedRaw({ orgId, insightId, to }, randomBytes(100));
  await objects.writer.put(reference.objectKey, ciphertext);
  const sealed = sealedSample({ orgId, apiKeyId, insightId, to, said: 'x', rawRequest: reference });
  await bench.ingest([storedPayload(sealed)]);
  return { objectKey: reference.objectKey, insightId };
};

describe('the sweeper', () => {
  it('removes old objects without a row, and leaves young ones and those with a row', async () => {
    const { objectKey } = await keep();
    const [old, young] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    await objects.writer.put(old, randomBytes(40));
    await sleep(1500);
    await objects.writer.put(young, randomBytes(40));
    await sweepUntil(1000, async () => !(await there(old)));
    expect([await there(old), await there(young), await there(objectKey)]).toEqual([false, true, true]);
  }, 30_000);

  it('removes the object of a row that is gone without waiting for its age', async () => {
    const { objectKey, insightId } = await keep();
    await bench.db.sql`delete from payload.item where insight_id = ${insightId}`;
    await sweepUntil(3_600_000, async () => !(await there(objectKey)));
    expect(await there(objectKey)).toBe(false);
    expect(await bench.db.sql`select 1 from payload.gone_object`).toEqual([]);
  }, 30_000);
});
