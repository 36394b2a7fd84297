import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import type { RunningService } from '@lethe/service-kit';
import { freePort } from '@lethe/test-servers';
import { openTestObjects, sealedRaw, type TestObjects } from './testing/object-store.contract.js';
import { type ServiceBench, startServiceBench, until } from './testing/running-service.contract.js';
import { sampleTelemetry, sealedSample, type TransitPublic } from './testing/samples.contract.js';

let bench: ServiceBench;
let objects: TestObjects;
let folder: string;
const running: RunningService[] = [];
const start = async (change?: Record<string, unknown>) => {
  running.push(await bench.start(change));
};
const stop = async () => {
  for (const service of running.splice(0)) await service.stop();
};

beforeAll(async () => {
  bench = await startServiceBench();
  objects = await openTestObjects(bench.db.server);
  folder = await mkdtemp(join(tmpdir(), 'lethe-keys-'));
}, 60_000);
afterEach(async () => {
  await stop();
  bench.neighbours.zdrOrganizations.length = 0;
  bench.neighbours.tombstones.length = 0;
  bench.neighbours.listsFail = { zdrOrganizations: false, tombstones: false };
}, 20_000);
afterAll(async () => {
  await objects?.close();
  await bench?.stop();
  await rm(folder, { recursive: true, force: true });
}, 20_000);

const ready = () => until(async () => (await bench.get('/readyz')).status === 200);
interface Org {
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly to: TransitPublic;
}
const makeOrg = async (): Promise<Org> => {
  const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
  await until(async () => (await bench.openOrg(orgId).catch(() => undefined)) === false);
  await bench.putKey(orgId, apiKeyId, true);
  return { orgId, apiKeyId, to: await bench.transitKeyOf(orgId) };
};
const publish = async (org: Org, said = 'said') => {
  const insightId = newUuidV7();
  const { reference, ciphertext } = sealedRaw({ ...org, insightId }, Buffer.from(said));
  await objects.writer.put(reference.objectKey, ciphertext);
  const sealed = sealedSample({ ...org, insightId, said, rawRequest: reference });
  await bench.publishTelemetry(sampleTelemetry({ ...org, insightId }));
  await bench.publishPayload(sealed);
  return insightId;
};
const kept = async (orgId: OrgId) =>
  (await bench.db.sql`select 1 from payload.item where org_id = ${orgId}`).length;
const telemetryOf = async (insightId: string) =>
  (await bench.db.sql`select 1 from usage.event where insight_id = ${insightId}`).length;
const gateOf = async (orgId: OrgId) =>
  (
    await bench.db
      .sql`select sealed, shredded_at is not null as shredded from ingest.org_gate where org_id = ${orgId}`
  )[0];
const refused = async (code: string) =>
  Number(
    new RegExp(`payload_refused_total\\{code="${code}"[^}]*\\} (\\d+)`).exec(
      await (await bench.get('/metrics')).text(),
    )?.[1] ?? 0,
  );

describe('after the start, until admin-config and audit have said who is sealed', () => {
  it.each(['zdrOrganizations', 'tombstones'] as const)(
    'payload waits for %s, telemetry flows, and readiness says so',
    async (list) => {
      await start();
      const org = await makeOrg();
      await stop();
      bench.neighbours.listsFail = { ...bench.neighbours.listsFail, [list]: true };
      await start();
      const first = await publish(org);
      await until(async () => (await telemetryOf(first)) === 1);
      expect((await bench.get('/readyz')).status).toBe(503);
      expect(await kept(org.orgId)).toBe(0);
      bench.neighbours.listsFail = { zdrOrganizations: false, tombstones: false };
      await until(async () => (await kept(org.orgId)) === 1);
      await ready();
    },
    60_000,
  );

  it.each(['zdrOrganizations', 'tombstones'] as const)(
    'a database that forgot is told by %s before it takes any payload',
    async (list) => {
      await start();
      const [org, remembered] = [await makeOrg(), await makeOrg()];
      await stop();
      // This database believes that both are open; what follows is on the topic when it starts.
      const late = await publish(remembered);
      const good = await publish(org);
      bench.neighbours[list].push({ orgId: remembered.orgId, version: 5n, shredHistory: true });
      await start();
      await until(async () => (await kept(org.orgId)) === 1);
      await until(async () => (await telemetryOf(late)) === 1 && (await telemetryOf(good)) === 1);
      expect(await gateOf(remembered.orgId)).toEqual({ sealed: true, shredded: true });
      expect(await kept(remembered.orgId)).toBe(0);
      expect(await refused('org_sealed')).toBeGreaterThan(0);
      expect(await gateOf(org.orgId)).toEqual({ sealed: false, shredded: false });
    },
    60_000,
  );
});

describe('a database that is set back under the running service', () => {
  it('gets no key for an organization that others remember as sealed', async () => {
    await start();
    const [org, remembered] = [await makeOrg(), await makeOrg()];
    bench.neighbours.tombstones.push({ orgId: remembered.orgId });
    const before = bench.neighbours.registered.length;
    // As in a restored backup: the gate is open, and the wrapping key is one that was destroyed long ago.
    await bench.db.sql`update ingest.vault set wrapping_name = ${Buffer.alloc(16, 9)}`;
    await until(() => bench.neighbours.registered.slice(before).some(({ orgId }) => orgId === org.orgId));
    expect(await gateOf(remembered.orgId)).toEqual({ sealed: true, shredded: false });
    expect(bench.neighbours.registered.slice(before).map(({ orgId }) => orgId)).not.toContain(
      remembered.orgId,
    );
  }, 60_000);
});

describe('shredding a history', () => {
  it('makes it unreadable, once and for ever; telemetry stays', async () => {
    await start({ objectStore: { kind: 'postgres', url: objects.readerUrl } });
    const org = await makeOrg();
    const insightId = await publish(org, 'what was said');
    const token = bench.neighbours.token({ role: 'admin', orgId: org.orgId });
    const found = async () => {
      const response = await bench.get(`/v1/requests/${insightId}`, token);
      return (await response.json()) as {
        payload: unknown;
        raw_request: { href: string } | null;
        telemetry: unknown;
      };
    };
    const before = await until(async () => {
      const answer = await found().catch(() => undefined);
      return answer?.payload === null || answer?.payload === undefined ? undefined : answer;
    });
    const href = before.raw_request?.href ?? '';
    expect(await (await bench.get(href, token)).text()).toBe('what was said');

    await bench.sealOrg(org.orgId, 7n);
    expect((await found()).payload).not.toBeNull();
    const shreddedAtMs = await bench.shredOrg(org.orgId, 7n);
    expect(Math.abs(Number(shreddedAtMs) - Date.now())).toBeLessThan(60_000);
    expect(await bench.shredOrg(org.orgId, 9n)).toBe(shreddedAtMs);
    const after = await found();
    expect(after).toMatchObject({ payload: null, raw_request: null });
    expect(after.telemetry).toEqual(before.telemetry);
    expect((await bench.get(href, token)).status).toBe(404);

    const events = () =>
      bench.neighbours.appended.filter(({ orgId, type }) => orgId === org.orgId && type.startsWith('org.'));
    await until(() => events().length === 2);
    expect(events().map(({ type }) => type)).toEqual(['org.sealed', 'org.shredded']);
    expect(events()[1]?.text).toMatch(/"keys_destroyed":1,"payloads":1/);
    // The rows follow, some at a time.
    await until(async () => (await kept(org.orgId)) === 0);
  }, 60_000);

  it('is not possible for an organization that is not sealed, and what is shredded stays so', async () => {
    const orgId = newUuidV7();
    await bench.db.sql`select ingest.open_org(${orgId})`;
    await expect(bench.db.sql`select ingest.shred_org(${orgId})`).rejects.toMatchObject({ code: 'ZDR05' });
    await bench.db.sql`select ingest.seal_org(${orgId}, 3)`;
    await bench.db.sql`select ingest.shred_org(${orgId})`;
    const undo = bench.db.sql`update ingest.org_gate set shredded_at = null where org_id = ${orgId}`;
    await expect(undo).rejects.toMatchObject({ code: 'ZDR01' });
  });
});

describe('two replicas of accounting on one database', () => {
  it('take every record once, register one key an organization, and seal together', async () => {
    const shared = { transitWrappingKey: undefined, transitKeys: { kind: 'folder', path: folder } };
    await start(shared);
    await start({ ...shared, restPort: await freePort(), grpcPort: await freePort() });
    const orgs = [await makeOrg(), await makeOrg(), await makeOrg()];
    const [first] = orgs as [Org];
    for (let i = 0; i < 10; i += 1) for (const org of orgs) await publish(org);
    for (const org of orgs) await until(async () => (await kept(org.orgId)) === 10);
    await bench.sealOrg(first.orgId, 7n);
    const after = await publish(first);
    const others = await Promise.all(orgs.slice(1).map((org) => publish(org)));
    await until(async () => (await telemetryOf(after)) === 1);
    for (const org of orgs.slice(1)) await until(async () => (await kept(org.orgId)) === 11);
    expect(others).toHaveLength(2);
    expect(await kept(first.orgId)).toBe(10);
    for (const { orgId } of orgs)
      expect(bench.neighbours.registered.filter((key) => key.orgId === orgId)).toHaveLength(1);
  }, 90_000);
});
