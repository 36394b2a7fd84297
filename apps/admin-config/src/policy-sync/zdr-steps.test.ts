import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import type { SealOrg } from '../domain/zdr.js';
import type { ProofDesk } from '../outbox/proof-desk.js';
import type { Database } from '../store/database.js';
import { grantLease } from '../store/leases.js';
import { eventually } from '../testing/eventually.contract.js';
import { type Peers, startPeers } from '../testing/peers.contract.js';
import { type RunningAdmin, startRunning } from '../testing/running.contract.js';
import {
  enableZdr,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAccountingCalls,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';
import { evidenceSha256 } from '../use-cases/zdr-steps.js';
import { PolicyDriver } from './driver.js';

jest.setTimeout(90_000);

const never = (): Promise<never> => new Promise(() => {});

interface Parts {
  readonly sealOrg?: SealOrg;
  readonly proofs?: ProofDesk;
  readonly database?: Database;
}

describe('EnableZDR that is left in the middle', () => {
  let world: World;
  const drivers: PolicyDriver[] = [];
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  afterEach(() => {
    for (const driver of drivers.splice(0)) driver.close();
  });

  /** A replica's half, with parts that never answer where it is to be left. */
  const drive = async (parts: Parts = {}): Promise<PolicyDriver> => {
    const replica = world.addReplica();
    const driver = new PolicyDriver({
      ...replica.deps,
      proofs: { wait: async () => 'a proof', ask: async () => 'a proof' },
      sealOrg: async () => new Date(1_795_000_000_000),
      log: createLogger('admin-config', () => {}),
      count: () => {},
      providerAccounts: [],
      leaseTtlMs: 500,
      ...parts,
    });
    drivers.push(driver);
    await driver.refresh();
    return driver;
  };
  const rowOf = async (org: TestOrg) => {
    const [row] = await world.superuser`select zdr_evidence as evidence, zdr_effective_event_id as event,
      zdr_effective_at as effective, zdr_shredded_at as shredded from config.organization where id = ${org.id}`;
    return row as Record<'evidence' | 'event' | 'effective' | 'shredded', unknown>;
  };
  const effective = (org: TestOrg) =>
    eventually(async () => ((await rowOf(org)).effective === null ? undefined : await rowOf(org)));

  const commit = async (shred_history = false): Promise<TestOrg> => {
    const org = await makeOrg(world);
    const body = { confirm: org.slug, shred_history };
    await world.call('POST', '/v1/manage/org/zdr', { token: org.admin.token, body });
    return org;
  };

  it('after T1: whoever starts next finds it and goes on', async () => {
    const org = await commit();
    expect((await rowOf(org)).effective).toBeNull();
    await drive();
    expect((await effective(org)).evidence).toEqual({
      acknowledged: [],
      lapsed: [],
      took_ms: expect.any(Number),
    });
  });

  it('while accounting is asked to seal it', async () => {
    let asked = 0;
    const org = await commit();
    const first = await drive({
      sealOrg: () => {
        asked += 1;
        return never();
      },
    });
    await eventually(() => (asked > 0 ? true : undefined));
    expect((await rowOf(org)).evidence).toBeNull();
    first.close();
    await drive();
    await effective(org);
  });

  it('while the barrier stands: the next one observes anew', async () => {
    const life = { routerId: 'gone', bootId: 'ab'.repeat(16) };
    await world.replica.database.read((db) => grantLease(db, life, 1n));
    const org = await commit();
    const first = await drive();
    await eventually(() => (first.enablings > 0 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 200));
    first.close();
    await drive();
    const { evidence } = await effective(org);
    const { lapsed } = evidence as { lapsed: { router_id: string; after_ms: number }[] };
    expect(lapsed.map(({ router_id }) => router_id)).toEqual(['gone']);
    expect(lapsed[0]?.after_ms).toBeGreaterThanOrEqual(550);
  });

  it('with the evidence stored and its event under way: the next one does not write it anew', async () => {
    const org = await commit();
    await takeAuditEvents(world);
    const first = await drive({ proofs: { wait: never, ask: never } });
    const before = await eventually(async () => {
      const row = await rowOf(org);
      return row.evidence === null ? undefined : row;
    });
    first.close();
    expect(before.effective).toBeNull();
    await drive();
    expect(await effective(org)).toMatchObject({ evidence: before.evidence, event: before.event });
    const [event, ...more] = await takeAuditEvents(world);
    expect([event?.type, event?.id, more]).toEqual(['ai.lethe.audit.zdr.effective.v1', before.event, []]);
    expect(event?.data.unmapped.after).toMatchObject({
      routers_acknowledged: 0,
      routers_lapsed: 0,
      evidence_sha256: evidenceSha256(before.evidence as Parameters<typeof evidenceSha256>[0]),
    });
  });

  it('before T2', async () => {
    const org = await commit();
    const { database } = world.addReplica();
    let proved = false;
    const first = await drive({
      proofs: {
        wait: async () => {
          proved = true;
          return 'a proof';
        },
        ask: never,
      },
      database: {
        ...database,
        transaction: (work, isolation) => (proved ? never() : database.transaction(work, isolation)),
      },
    });
    await eventually(() => (proved ? true : undefined));
    first.close();
    expect((await rowOf(org)).effective).toBeNull();
    await drive();
    await effective(org);
  });

  it('two that carry the same one at once agree on one evidence', async () => {
    const org = await commit();
    await takeAuditEvents(world);
    await Promise.all([drive(), drive(), drive()]);
    await effective(org);
    await Promise.all(drivers.map((driver) => eventually(() => (driver.enablings === 0 ? true : undefined))));
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.zdr.effective.v1',
    ]);
  });

  it('is never effective while the history that was to be shredded is not', async () => {
    const org = await commit(true);
    let shreds = false;
    await drive({ sealOrg: async () => (shreds ? new Date(1_795_000_000_000) : undefined) });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await rowOf(org)).effective).toBeNull();
    shreds = true;
    expect((await effective(org)).shredded).toEqual(new Date(1_795_000_000_000));
    const read = await world.call('GET', '/v1/manage/org/zdr', { token: org.admin.token });
    expect(read.body.history).toEqual({
      shredded_at: '2026-11-18T11:06:40.000Z',
      backups_hold_key_until: '2026-12-23T11:06:40.000Z',
    });
  });

  it('its steps are taken once: no role sets them back', async () => {
    const org = await commit(true);
    await drive();
    await effective(org);
    const columns = ['zdr_shredded_at', 'zdr_evidence', 'zdr_effective_event_id', 'zdr_effective_at'];
    for (const column of columns) {
      const back = `update config.organization set ${column} = null where id = '${org.id}'`;
      await expect(world.superuser.unsafe(back)).rejects.toMatchObject({ code: 'ZDR01' });
    }
    const unshred = `update config.organization set zdr_shred_history = false where id = '${org.id}'`;
    await expect(world.superuser.unsafe(unshred)).rejects.toMatchObject({ code: 'ZDR01' });
    const later = `update config.organization set zdr_effective_at = now() where id = '${org.id}'`;
    await expect(world.superuser.unsafe(later)).rejects.toMatchObject({ code: 'ZDR01' });
  });

  it('cannot be called effective before its evidence stands', async () => {
    const org = await makeOrg(world);
    await enableZdr(world, org);
    await takeAccountingCalls(world);
    const early = `update config.organization set zdr_effective_at = now() where id = '${org.id}'`;
    await expect(world.superuser.unsafe(early)).rejects.toMatchObject({ code: '23514' });
  });
});

describe('EnableZDR with a neighbour away', () => {
  let world: World;
  let peers: Peers;
  let admin: RunningAdmin;
  beforeAll(async () => {
    [world, peers] = await Promise.all([startWorld(), startPeers()]);
    admin = await startRunning(world, peers);
  });
  afterAll(async () => {
    await admin.stop();
    await peers.close();
    await world.close();
  });
  const enable = (org: TestOrg) =>
    admin.call('POST', '/v1/manage/org/zdr', org.admin.token, { confirm: org.slug });
  const settled = (org: TestOrg) =>
    eventually(async () => {
      const { body } = await admin.call('GET', '/v1/manage/org/zdr', org.admin.token);
      return body.state === 'effective' ? body : undefined;
    });

  it('tries accounting again', async () => {
    const org = await makeOrg(world);
    peers.failures.accounting = 4;
    const { status, body } = await enable(org);
    expect([status, body.state]).toEqual([200, 'effective']);
  });

  it('answers after 15 s that it is committed and goes on, and goes on', async () => {
    const org = await makeOrg(world);
    peers.audit.withholdsProofs = true;
    const startedMs = performance.now();
    const { status, body } = await enable(org);
    const tookMs = performance.now() - startedMs;
    expect([status, body.state, body.effective_at]).toEqual([202, 'committed_pending', null]);
    expect(body.routers).toEqual({ acknowledged: 0, lapsed: 0 });
    expect([tookMs > 14_000, tookMs < 25_000]).toEqual([true, true]);
    peers.audit.withholdsProofs = false;
    const later = await settled(org);
    expect(later).toMatchObject({ version: body.version, barrier: body.barrier });
  });
});
