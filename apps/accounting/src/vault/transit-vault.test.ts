import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import { createLogger } from '@lethe/service-kit';
import { createPayloadIngestion, decodeRecord } from '../ingest/ingest-payload.js';
import { createControlStore } from '../store/control-store.js';
import { createPayloadStore } from '../store/payload-store.js';
import { openPools, type Pools } from '../store/pools.js';
import { createVaultStore } from '../store/vault-store.js';
import { freshKeys, type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import { until } from '../testing/running-service.contract.js';
import { sealedSample, storedPayload, type TransitPublic } from '../testing/samples.contract.js';
import { createFolderWrapping } from './folder-wrapping.js';
import { startKeyKeeper } from './key-keeper.js';
import { createSealOrg } from './seal-org.js';
import { createTransitVault } from './transit-vault.js';
import { KeyServiceError, type TransitWrapping } from './transit-wrapping.js';

const log = createLogger('accounting', () => undefined);
let folder: string;
let bench: IngestionBench;
/** A second replica: its own connections, the same database, the same folder. */
let other: Pools;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-keys-'));
  bench = await startIngestionBench({ ...freshKeys(), transit: createFolderWrapping(folder) });
  other = openPools(bench.db.urls);
}, 60_000);
afterAll(async () => {
  await other?.close();
  await bench?.stop();
  await rm(folder, { recursive: true, force: true });
});

const vaultOf = (wrapping: TransitWrapping, pools = other) => {
  const vault = createTransitVault({ store: createVaultStore(pools.control, pools.leader), wrapping, log });
  const sealOrg = createSealOrg({ store: createControlStore(pools.control), vault, log, onQueued: () => {} });
  return { vault, seal: (orgId: OrgId) => sealOrg({ orgId, version: 7n, shredHistory: false }) };
};
const makeOrg = async (): Promise<{ orgId: OrgId; apiKeyId: ApiKeyId; to: TransitPublic }> => {
  const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
  const to = await bench.openOrg(orgId);
  await bench.putKey(orgId, apiKeyId, true);
  return { orgId, apiKeyId, to };
};
const codes = async (...records: ReturnType<typeof sealedSample>[]) =>
  (await bench.ingest(records.map((record) => storedPayload(record)))).map(({ code }) => code);
const keyFiles = async () => (await readdir(folder)).sort();

describe('two replicas on one database', () => {
  it('share the wrapping: one seals and rotates, the other goes on', async () => {
    const [org, neighbour] = [await makeOrg(), await makeOrg()];
    const before = await keyFiles();
    expect(before).toHaveLength(1);
    await vaultOf(createFolderWrapping(folder)).seal(org.orgId);
    expect(await keyFiles()).toHaveLength(1);
    expect(await keyFiles()).not.toEqual(before);
    expect(await codes(sealedSample({ ...org, said: 'x' }))).toEqual(['org_sealed']);
    expect(await codes(sealedSample({ ...neighbour, said: 'x' }))).toEqual(['accepted']);
  }, 30_000);

  it('seal side by side, each organization once, and leave one wrapping key', async () => {
    const orgs = await Promise.all(Array.from({ length: 20 }, makeOrg));
    const { seal } = vaultOf(createFolderWrapping(folder));
    await Promise.all(
      orgs.flatMap(({ orgId }) => [seal(orgId), bench.sealOrg({ orgId, version: 7n, shredHistory: false })]),
    );
    expect(await keyFiles()).toHaveLength(1);
    const [left] = await bench.db.sql`
      select count(*)::int as n from ingest.transit_key where org_id = any(${orgs.map(({ orgId }) => orgId)})`;
    expect(left?.n).toBe(0);
    expect(await bench.db.sql`select residue from ingest.vault`).toEqual([{ residue: false }]);
    const events = await bench.db.sql`
      select org_id from outbox.audit_event where org_id = any(${orgs.map(({ orgId }) => orgId)})`;
    expect(events).toHaveLength(20);
  }, 30_000);

  it('cannot both hold keys that one process alone has', async () => {
    const lone = openPools(bench.db.urls);
    try {
      const { vault } = vaultOf(freshKeys().transit, lone);
      await expect(vault.settle()).rejects.toMatchObject({ name: 'VaultHeldElsewhereError' });
    } finally {
      await lone.close();
    }
  });
});

describe('a rotation that is cut off', () => {
  it('before its keys are destroyed: sealing is not confirmed, and the next turn finishes it', async () => {
    const org = await makeOrg();
    const files = createFolderWrapping(folder);
    const failing = {
      ...files,
      destroy: () => Promise.reject(new KeyServiceError('EIO')),
    };
    await expect(vaultOf(failing).seal(org.orgId)).rejects.toMatchObject({ code: 'EIO' });
    expect(await keyFiles()).toHaveLength(2);
    await vaultOf(files).seal(org.orgId);
    expect(await keyFiles()).toHaveLength(1);
  });

  it('between its new key and the database: the old one stays in use, the new one is removed', async () => {
    const org = await makeOrg();
    const files = createFolderWrapping(folder);
    const dying = { ...files, wrap: () => Promise.reject(new KeyServiceError('EIO')) };
    const doomed = await makeOrg();
    await expect(vaultOf(dying).seal(doomed.orgId)).rejects.toMatchObject({ code: 'EIO' });
    expect(await keyFiles()).toHaveLength(2);
    expect(await codes(sealedSample({ ...org, said: 'x' }))).toEqual(['accepted']);
    await vaultOf(files).vault.settle();
    expect(await keyFiles()).toHaveLength(1);
    expect(await codes(sealedSample({ ...org, said: 'x' }))).toEqual(['accepted']);
  });

  it('is not confirmed either while the wrapping key is away, and payload waits instead of being refused', async () => {
    const org = await makeOrg();
    const ingestion = createPayloadIngestion({
      store: createPayloadStore(bench.pools.payload),
      keys: { ...bench.keys, transit: createFolderWrapping(join(folder, 'elsewhere')) },
      topic: 'lethe.insight.payload.v1',
      mayWait: () => false,
    });
    const record = decodeRecord(storedPayload(sealedSample({ ...org, said: 'x' })));
    await expect(ingestion.ingestRun([record])).rejects.toMatchObject({ code: 'KEY_AWAY' });
  });

  it('and a database that crashed has lost its pairs, which are made again', async () => {
    const org = await makeOrg();
    await bench.db.server.kill();
    await bench.db.server.restart();
    expect(await bench.db.sql`select 1 from ingest.transit_key`).toEqual([]);
    await until(() => bench.vault.settle().catch(() => undefined));
    expect(await codes(sealedSample({ ...org, said: 'x' }))).toEqual(['transit_key_unknown']);
    const to = await bench.openOrg(org.orgId);
    expect(await codes(sealedSample({ ...org, to, said: 'x' }))).toEqual(['accepted']);
  }, 30_000);
});

describe('a transit key that has grown old', () => {
  it('gets a successor, opens what is still on its way, and is destroyed after that', async () => {
    const registered: TransitPublic[] = [];
    const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
    const store = createControlStore(bench.pools.control);
    await store.openOrg(orgId);
    await bench.putKey(orgId, apiKeyId, true);
    const keeper = startKeyKeeper({
      store,
      vaultStore: createVaultStore(bench.pools.control, bench.pools.leader),
      vault: bench.vault,
      keys: bench.keys,
      ages: { rotateMs: 86_400_000, keepRetiredMs: 2000 },
      register: async (key) => {
        if (key.orgId === orgId) registered.push(key);
      },
      sealing: { again: () => {}, isDone: () => true },
      log,
    });
    try {
      const first = await until(() => registered[0]);
      await bench.db
        .sql`update ingest.transit_key set created_at = now() - interval '2 days' where org_id = ${orgId}`;
      const second = await until(() => {
        keeper.wake();
        return registered[1];
      });
      const seal = (to: TransitPublic) => sealedSample({ orgId, apiKeyId, to, said: 'x' });
      // Made and retired within this turn: the first still opens what was sealed to it.
      expect(await codes(seal(first), seal(second))).toEqual(['accepted', 'accepted']);
      const ids = async () =>
        (await bench.db.sql`select transit_key_id from ingest.transit_key where org_id = ${orgId}`).map(
          (row) => row.transit_key_id,
        );
      await until(async () => (await ids()).length === 1);
      expect(await ids()).toEqual([second.transitKeyId]);
      expect(await codes(seal(first), seal(second))).toEqual(['transit_key_unknown', 'accepted']);
      await until(
        async () => (await bench.db.sql`select 1 from ingest.vault where not residue`).length === 1,
      );
      expect(registered).toHaveLength(2);
    } finally {
      await keeper.stop();
    }
  }, 30_000);
});
