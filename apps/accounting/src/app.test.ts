import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { encodePack, encodeTelemetry, newUuidV7, type OrgId, type Telemetry } from '@lethe/contracts';
import type { RunningService } from '@lethe/service-kit';
import postgres from 'postgres';
import { type ServiceBench, startServiceBench, until } from './testing/running-service.contract.js';
import { sampleTelemetry, sealedSample } from './testing/samples.contract.js';

let bench: ServiceBench;
let service: RunningService | undefined;
const start = async (change?: Record<string, unknown>) => {
  service = await bench.start(change);
};
const stop = async () => {
  const running = service;
  service = undefined;
  await running?.stop();
};
const rowsOf = async (records: readonly Telemetry[]) =>
  Number(
    (
      await bench.db.sql`
        select count(*) as n from usage.event where insight_id = any(${records.map((each) => each.insightId)})`
    )[0]?.n,
  );
const ready = () => until(async () => (await bench.get('/readyz')).status === 200);

beforeAll(async () => {
  bench = await startServiceBench();
}, 60_000);
afterEach(stop, 20_000);
afterAll(() => bench?.stop(), 20_000);

describe('accounting and its database', () => {
  it('becomes ready, and says so only while its database answers and its consumers read', async () => {
    await start();
    expect((await bench.get('/healthz')).status).toBe(200);
    await ready();
    await bench.db.server.kill();
    await until(async () => (await bench.get('/readyz')).status === 503);
    await bench.db.server.restart();
    await ready();
  }, 60_000);

  it('takes telemetry exactly once, also when it is published and delivered again', async () => {
    await start();
    const records = Array.from({ length: 50 }, () => sampleTelemetry());
    const late = sampleTelemetry();
    await bench.publishTelemetry(...records);
    await bench.publishTelemetry(...records, ...records.slice(0, 10));
    await stop();
    // The position is the database's: forgetting it means reading everything again.
    await bench.db.sql`delete from usage.consumer_offset`;
    await start();
    await bench.publishTelemetry(late);
    await until(async () => (await rowsOf([late])) === 1);
    expect(await rowsOf(records)).toBe(50);
  }, 60_000);

  it('loses and doubles nothing when Postgres is killed in the middle', async () => {
    await start();
    await ready();
    const records: Telemetry[] = [];
    for (let round = 0; round < 30; round += 1) {
      const pack = Array.from({ length: 20 }, () => sampleTelemetry());
      await bench.publishTelemetry(...pack);
      records.push(...pack);
      if (round === 15) {
        await bench.db.server.kill();
        await bench.db.server.restart();
      }
    }
    await until(async () => (await rowsOf(records)) === records.length);
    expect(await rowsOf(records)).toBe(600);
    const metrics = await (await bench.get('/metrics')).text();
    expect(metrics).toMatch(/lethe_accounting_telemetry_rows_total\{result="inserted"[^}]*\} \d+/);
  }, 90_000);
});

describe('accounting and what it is sent', () => {
  it('keeps the good records of a poisoned pack, and of the poison nothing but a reference', async () => {
    await start();
    const before = sampleTelemetry();
    const after = sampleTelemetry();
    const beyond = sampleTelemetry({ policyVersion: 2n ** 63n });
    const poison = Buffer.from('CANARY-in-a-poisoned-record');
    await bench.publishPack(
      encodePack([encodeTelemetry(before), poison, encodeTelemetry(beyond), encodeTelemetry(after)]),
    );
    await bench.publishPack(Buffer.from([0x7f, 1, 2, 3]));
    const last = sampleTelemetry();
    await bench.publishTelemetry(last);
    await until(async () => (await rowsOf([last])) === 1);
    expect(await rowsOf([before, beyond, after])).toBe(2);
    const rejects = await bench.db.sql`
      select ordinal, code from usage.ingest_reject where topic = 'lethe.insight.telemetry.v1' order by record_offset, ordinal`;
    expect(rejects).toEqual([
      { ordinal: 1, code: 'malformed' },
      { ordinal: 2, code: 'store_refused' },
      { ordinal: 0, code: 'broken_pack' },
    ]);
    const everything = await bench.db.sql`select r::text as line from usage.ingest_reject r`;
    expect(JSON.stringify(everything)).not.toContain('CANARY');
    expect(bench.lines.join('')).not.toContain('CANARY');
  }, 60_000);

  it('opens an organization, makes its keys and registers the public half, also when admin-config was away', async () => {
    await start();
    await ready();
    const orgId = newUuidV7();
    bench.neighbours.failing = 14;
    expect(await bench.openOrg(orgId)).toBe(false);
    expect(await bench.openOrg(orgId)).toBe(false);
    expect(bench.neighbours.registered.some((key) => key.orgId === orgId)).toBe(false);
    bench.neighbours.failing = undefined;
    const key = await bench.transitKeyOf(orgId);
    expect(key.publicKey).toHaveLength(32);
    const [stored] = await bench.db.sql`
      select octet_length(wrapped_private) as bytes, position(public_key in wrapped_private) as found
      from ingest.transit_key where org_id = ${orgId}`;
    expect(stored).toEqual({ bytes: 60, found: 0 });
  }, 60_000);
});

describe('accounting and its keys', () => {
  it('makes new transit keys after a start with a new wrapping key, and keeps them with the same', async () => {
    const orgId = newUuidV7();
    const sealed = newUuidV7();
    const current = async (org: OrgId) =>
      (await bench.db.sql`select transit_key_id from ingest.transit_key where org_id = ${org}`).map(
        (row) => row.transit_key_id,
      );
    await start();
    await ready();
    await bench.openOrg(orgId);
    await bench.openOrg(sealed);
    const first = await bench.transitKeyOf(orgId);
    await bench.transitKeyOf(sealed);
    await stop();
    await start();
    await ready();
    expect(await current(orgId)).toEqual([first.transitKeyId]);
    await bench.sealOrg(sealed, 3n);
    expect(await current(orgId)).toEqual([first.transitKeyId]);
    await stop();
    await start({ transitWrappingKey: 'ab'.repeat(32) });
    const second = await until(async () => {
      const key = await bench.transitKeyOf(orgId);
      return key.transitKeyId === first.transitKeyId ? undefined : key;
    });
    expect(await current(orgId)).toEqual([second.transitKeyId]);
    expect(await current(sealed)).toEqual([]);
  }, 60_000);

  it('does not start with a root key that does not fit what is stored', async () => {
    await start();
    const orgId = newUuidV7();
    await until(async () => (await bench.openOrg(orgId).catch(() => undefined)) === false);
    await bench.transitKeyOf(orgId);
    await stop();
    await expect(bench.start({ atRestRootKey: 'cd'.repeat(32) })).rejects.toThrow('atRestRootKey');
  }, 60_000);
});

describe('accounting and the end of logging', () => {
  it('SealOrg keeps what came before; what comes later is refused and reported to audit', async () => {
    await start();
    await ready();
    const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
    await bench.openOrg(orgId);
    await bench.putKey(orgId, apiKeyId, true);
    const to = await bench.transitKeyOf(orgId);
    const before = sealedSample({ orgId, apiKeyId, to, said: 'before' });
    await bench.publishPayload(before);
    const kept = () => bench.db.sql`select insight_id from payload.item where org_id = ${orgId}`;
    await until(async () => (await kept()).length === 1);

    expect(await bench.sealOrg(orgId, 7n)).toBe(7n);
    expect(await bench.sealOrg(orgId, 9n)).toBe(7n);
    expect(await bench.openOrg(orgId)).toBe(true);
    await bench.publishPayload(...[1, 2, 3].map(() => sealedSample({ orgId, apiKeyId, to, said: 'after' })));

    const events = () => bench.neighbours.appended.filter((event) => event.orgId === orgId);
    const trips = () => events().filter((event) => event.type === 'tripwire.raised');
    const counted = () =>
      trips().reduce((sum, { text }) => sum + Number(/"records":(\d+)/.exec(text)?.[1]), 0);
    await until(() => trips().length > 0);
    expect(events().filter((event) => event.type === 'org.sealed')).toHaveLength(1);
    expect(trips()).toHaveLength(1);
    expect(counted()).toBeGreaterThan(0);
    expect(await kept()).toHaveLength(1);
    const metrics = await until(async () => {
      const text = await (await bench.get('/metrics')).text();
      return /lethe_accounting_payload_refused_total\{code="org_sealed"[^}]*\} 3/.test(text)
        ? text
        : undefined;
    });
    expect(metrics).toMatch(/lethe_accounting_tripwire_total\{code="org_sealed"[^}]*\} 3/);
    expect(bench.lines.join('')).toContain('payload.tripwire');
  }, 60_000);

  it('SealOrg waits for a payload transaction that is open', async () => {
    await start();
    await ready();
    const orgId = newUuidV7();
    await bench.openOrg(orgId);
    const payloadRole = postgres(bench.db.urls.payload, { max: 1 });
    let sealed = false;
    try {
      let sealing: Promise<bigint> = Promise.resolve(0n);
      await payloadRole.begin(async (tx) => {
        await tx`select payload.check_gate(${orgId})`;
        sealing = bench.sealOrg(orgId, 4n).finally(() => {
          sealed = true;
        });
        await until(async () => (await bench.db.sql`select 1 from pg_locks where not granted`).length > 0);
        expect(sealed).toBe(false);
      });
      expect(await sealing).toBe(4n);
    } finally {
      await payloadRole.end({ timeout: 1 });
    }
  }, 60_000);
});

describe('accounting and its neighbours', () => {
  it('sends audit events until audit has each', async () => {
    await start();
    await ready();
    const orgs = Array.from({ length: 5 }, () => newUuidV7());
    bench.neighbours.failing = 14;
    for (const [index, orgId] of orgs.entries()) await bench.sealOrg(orgId, BigInt(index + 1));
    await until(() => bench.lines.join('').includes('outbox.relay.failed'));
    await bench.db.server.kill();
    await bench.db.server.restart();
    bench.neighbours.failing = undefined;
    const sent = () =>
      bench.neighbours.appended.filter((event) => orgs.some((orgId) => orgId === event.orgId));
    await until(() => sent().length >= orgs.length);
    expect(new Set(sent().map((event) => event.orgId))).toEqual(new Set(orgs));
  }, 60_000);

  it('refuses gRPC calls without a credential, and arguments that are no ids', async () => {
    await start();
    await ready();
    await expect(bench.openOrg('not-an-id' as OrgId)).rejects.toMatchObject({ status: 3 });
    await expect(bench.sealOrg(newUuidV7(), 2n ** 63n)).rejects.toMatchObject({ status: 3 });
    const { accounting } = await import('@lethe/contracts');
    const grpc = await import('@grpc/grpc-js');
    const address = `127.0.0.1:${String(bench.launch.grpcPort)}`;
    const client = new accounting.AccountingControlClient(address, grpc.credentials.createInsecure());
    const code = await new Promise((resolve) =>
      client.sealOrg({ orgId: Buffer.alloc(16), version: 1n, shredHistory: false }, (error) =>
        resolve(error?.code),
      ),
    );
    client.close();
    expect(code).toBe(grpc.status.UNAUTHENTICATED);
  }, 60_000);
});
