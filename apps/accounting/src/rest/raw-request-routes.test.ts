import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId, type RawRequestReference } from '@lethe/contracts';
import { createControlStore } from '../store/control-store.js';
import { sealedRaw } from '../testing/object-store.contract.js';
import { type RestBench, startRestBench } from '../testing/rest-bench.contract.js';
import {
  sampleTelemetry,
  sealedSample,
  storedPayload,
  type TransitPublic,
} from '../testing/samples.contract.js';

let bench: RestBench;
const orgId: OrgId = newUuidV7();
const apiKeyId = newUuidV7();
let to: TransitPublic;
const admin = { role: 'admin', orgId } as const;
const body = Buffer.concat([Buffer.from('{"model":"sim/echo","messages":['), randomBytes(200_000)]);

interface Kept {
  readonly insightId: ReturnType<typeof newUuidV7>;
  readonly reference: RawRequestReference;
  readonly ciphertext: Buffer;
}
/** One request with a raw body: as telemetry, as payload, and in the object store as `stored` says. */
const keep = async (stored: (ciphertext: Buffer) => Buffer | undefined = (it) => it): Promise<Kept> => {
  const insightId = newUuidV7();
  const { reference, ciphertext } = sealedRaw({ orgId, insightId, to }, body);
  const object = stored(ciphertext);
  if (object !== undefined) await bench.objects.writer.put(reference.objectKey, object);
  await bench.store(sampleTelemetry({ orgId, apiKeyId, insightId }));
  const payload = sealedSample({ orgId, apiKeyId, insightId, to, said: 'hello', rawRequest: reference });
  await bench.ingest([storedPayload(payload)]);
  return { insightId, reference, ciphertext };
};
const rawOf = (reader: Parameters<RestBench['as']>[0], insightId: string) =>
  bench.as(reader, `/v1/requests/${insightId}/raw`);
const eventsOf = async (ask: () => Promise<unknown>) => {
  const before = (await bench.queued()).length;
  await ask();
  return (await bench.queued()).slice(before).map((text) => JSON.parse(text));
};

beforeAll(async () => {
  bench = await startRestBench();
  to = await bench.openOrg(orgId);
  await bench.putKey(orgId, apiKeyId, true);
}, 60_000);
afterAll(() => bench?.stop());

describe('a raw request', () => {
  it('is announced with its size, and read byte for byte where it is announced', async () => {
    const { insightId } = await keep();
    const found = (await (await bench.as(admin, `/v1/requests/${insightId}`)).json()) as {
      raw_request: { bytes: number; href: string };
    };
    expect(found.raw_request).toEqual({ bytes: body.length, href: `/v1/requests/${insightId}/raw` });
    const response = await bench.as(admin, found.raw_request.href);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/octet-stream',
      'content-length': String(body.length),
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
  });

  it('is on record before a byte of it is given out, and withheld when it cannot be', async () => {
    const { insightId } = await keep();
    const events = await eventsOf(async () => (await rawOf(admin, insightId)).arrayBuffer());
    expect(events.map((event) => event.type)).toEqual(['ai.lethe.audit.payload.opened.v1']);
    expect(JSON.stringify(events)).toContain('"raw_request":true');
    bench.queueFails = true;
    const response = await rawOf(admin, insightId);
    bench.queueFails = false;
    expect(response.status).toBe(503);
    expect((await response.text()).includes('sim/echo')).toBe(false);
  });

  it('is nobody’s who may not open the payload, and the attempt is on record', async () => {
    const { insightId } = await keep();
    for (const [reader, status, attempts] of [
      [undefined, 401, 0],
      [{ role: 'auditor', orgId }, 403, 1],
      [{ role: 'member', orgId, ownApiKeyIds: [newUuidV7()] }, 404, 1],
      [{ role: 'admin', orgId: newUuidV7() }, 404, 0],
      [{ role: 'operator' }, 404, 0],
    ] as const) {
      const events = await eventsOf(async () => expect((await rawOf(reader, insightId)).status).toBe(status));
      expect(events).toHaveLength(attempts);
    }
  });

  it('is readable exactly when its payload is: not when telemetry says otherwise', async () => {
    const insightId = newUuidV7();
    const { reference, ciphertext } = sealedRaw({ orgId, insightId, to }, body);
    await bench.objects.writer.put(reference.objectKey, ciphertext);
    await bench.store(sampleTelemetry({ orgId, apiKeyId, insightId, retentionDecision: 'telemetry' }));
    const payload = sealedSample({ orgId, apiKeyId, insightId, to, said: 'x', rawRequest: reference });
    await bench.ingest([storedPayload(payload)]);
    expect((await rawOf(admin, insightId)).status).toBe(404);
  });
});

describe('an object that is not what was put', () => {
  const flipped = (ciphertext: Buffer): Buffer => {
    const altered = Buffer.from(ciphertext);
    altered[100_000] = (altered[100_000] ?? 0) ^ 1;
    return altered;
  };
  it.each<[string, (ciphertext: Buffer) => Buffer | undefined]>([
    ['object_length', (it) => it.subarray(0, -1)],
    ['object_length', (it) => Buffer.concat([it, Buffer.alloc(1)])],
    ['object_missing', () => undefined],
    ['object_not_authentic', flipped],
    ['object_not_authentic', (it) => randomBytes(it.length)],
  ])('is refused as %s, counted, and not a byte of it given out', async (code, stored) => {
    const { insightId } = await keep(stored);
    const before = bench.rawRefusals.length;
    const response = await rawOf(admin, insightId);
    expect(response.status).toBe(404);
    expect((await response.text()).includes('sim/echo')).toBe(false);
    expect(bench.rawRefusals.slice(before)).toEqual([code]);
    expect(bench.lines.at(-1)).toContain(code);
  });

  it('is refused when it is another request’s, also of the same length', async () => {
    const [mine, theirs] = [await keep(), await keep()];
    await bench.objects.reader.remove(mine.reference.objectKey);
    await bench.objects.writer.put(mine.reference.objectKey, theirs.ciphertext);
    expect((await rawOf(admin, mine.insightId)).status).toBe(404);
    expect(bench.rawRefusals.at(-1)).toBe('object_not_authentic');
    expect((await rawOf(admin, theirs.insightId)).status).toBe(200);
  });
});

describe('a reference that does not fit', () => {
  const ingested = async (change: Partial<RawRequestReference>) => {
    const insightId = newUuidV7();
    const { reference } = sealedRaw({ orgId, insightId, to }, body);
    const rawRequest = { ...reference, ...change };
    await bench.store(sampleTelemetry({ orgId, apiKeyId, insightId }));
    const record = storedPayload(sealedSample({ orgId, apiKeyId, insightId, to, said: 'hello', rawRequest }));
    const [outcome] = await bench.ingest([record]);
    const found = await (await bench.as(admin, `/v1/requests/${insightId}`)).json();
    return { code: outcome?.code, found: found as { payload: unknown; raw_request: unknown }, record };
  };

  it('takes nothing from the payload: it is refused by reference, for itself', async () => {
    const kept = await keep();
    expect((await ingested({})).code).toBe('accepted');
    for (const change of [
      // Another request's object; another request's content key.
      { objectKey: kept.reference.objectKey },
      { contentKey: kept.reference.contentKey },
    ]) {
      const { code, found, record } = await ingested(change);
      expect(code).toBe('raw_request_invalid');
      expect(found.payload).not.toBeNull();
      expect(found.raw_request).toBeNull();
      const rejects = await bench.db.sql`
        select code from usage.ingest_reject where record_offset = ${record.offset.toString()}`;
      expect(rejects).toEqual([{ code: 'raw_request_invalid' }]);
    }
  });
});

describe('the sweeper', () => {
  it('finds objects without a row, and knows the objects of rows that are gone', async () => {
    const store = createControlStore(bench.pools.control);
    const kept = await keep();
    const orphan = randomBytes(16).toString('hex');
    await bench.objects.writer.put(orphan, randomBytes(40));
    expect(await store.objectsWithoutRow([kept.reference.objectKey, orphan])).toEqual([orphan]);
    await bench.db.sql`delete from payload.item where insight_id = ${kept.insightId}`;
    expect(await store.goneObjects(10)).toContain(kept.reference.objectKey);
  });
});
