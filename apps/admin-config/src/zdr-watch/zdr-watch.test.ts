import { createHash } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newUuidV7, type Uuid, uuidBytes } from '@lethe/contracts';
import { createLogger } from '@lethe/service-kit';
import { createAuditReader } from '../outbox/audit-reader.js';
import { rolledBackOrganizations } from '../store/zdr-log.js';
import { eventually } from '../testing/eventually.contract.js';
import { type Peers, startPeers } from '../testing/peers.contract.js';
import { type Face, idText, registerTransitKey, serveFace, TestRouter } from '../testing/sync.contract.js';
import {
  type AuditEvent,
  enableZdr,
  makeKey,
  makeOrg,
  type Replica,
  repairZdr,
  startWorld,
  takeAuditEvents,
  versionNow,
  type World,
} from '../testing/world.contract.js';
import { ZdrWatch } from './zdr-watch.js';

const hourMs = 3_600_000;
const shortType = ({ type }: AuditEvent) => type.replace(/^ai\.lethe\.audit\.(.*)\.v1$/, '$1');

describe('the watch over ZDR', () => {
  let world: World;
  let peers: Peers;
  const lines: string[] = [];
  const log = createLogger('admin-config', (line) => lines.push(line));
  const closing: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    lines.length = 0;
    await takeAuditEvents(world);
    await world.superuser`delete from config.zdr_census`;
    peers = await startPeers();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await peers.close();
  });

  /** Starts a watch, as each start of a replica does. */
  const start = (replica: Replica = world.replica): ZdrWatch => {
    const reader = createAuditReader(peers.address, peers.credential);
    const watch = new ZdrWatch({ deps: replica.deps, tombstones: () => reader.tombstones(), log });
    closing.push(async () => {
      reader.close();
      await watch.close();
    });
    return watch;
  };
  const events = async (type: string): Promise<AuditEvent[]> => {
    const rows = await world.superuser<{ body: Buffer }[]>`
      select body from config.outbox where destination = 'audit' and sent_at is null order by config_version, ordinal`;
    return rows
      .map(({ body }) => JSON.parse(body.toString('utf8')) as AuditEvent)
      .filter((event) => shortType(event) === type);
  };
  const tombstone = (orgId: string, eventId = newUuidV7()) => {
    peers.audit.tombstones.push({
      orgId: uuidBytes(orgId as Uuid),
      enabledAtMs: 1_795_287_600_123n,
      eventId: uuidBytes(eventId),
    });
    return eventId;
  };

  describe('takes a census', () => {
    it('that says how many organizations there are, which, and at what version', async () => {
      const orgs = [await makeOrg(world), await makeOrg(world), await makeOrg(world)];
      for (const org of orgs.slice(0, 2)) await enableZdr(world, org);
      const version = await versionNow(world);
      start();
      const [census] = await eventually(async () => {
        const found = await events('zdr.census');
        return found.length > 0 ? found : undefined;
      });
      const ids = orgs
        .slice(0, 2)
        .map(({ id }) => id)
        .sort();
      const sha256 = createHash('sha256')
        .update(ids.map((id) => `${id}\n`).join(''))
        .digest('hex');
      expect(census).toMatchObject({ subject: 'deployment/deployment' });
      expect(census?.data.actor.user.uid).toBe('admin-config');
      expect(census?.partitionkey).toBeUndefined();
      expect(census?.data.unmapped.after).toEqual({
        organizations: 2,
        organizations_sha256: sha256,
        config_version: version.toString(),
      });
      expect(await versionNow(world)).toBe(version);
    });

    it('once an hour over all replicas and starts, and again in the next', async () => {
      const replicas = [world.replica, world.addReplica(), world.addReplica()];
      for (const replica of replicas) start(replica);
      await eventually(async () => ((await events('zdr.census')).length > 0 ? true : undefined));
      for (const replica of replicas) start(replica);
      await eventually(() => (lines.filter((line) => line.includes('taken')).length > 0 ? true : undefined));
      const settled = async () => {
        for (const close of closing.splice(0)) await close();
      };
      await settled();
      expect(await events('zdr.census')).toHaveLength(1);
      world.advance(hourMs);
      for (const replica of replicas) start(replica);
      await eventually(async () => ((await events('zdr.census')).length > 1 ? true : undefined));
      await settled();
      world.advance(-2 * hourMs);
      start();
      await settled();
      world.advance(hourMs);
      expect(await events('zdr.census')).toHaveLength(2);
    });
  });

  describe('holds the tombstones of the log against the configuration', () => {
    it('and finds nothing where they agree', async () => {
      const org = await makeOrg(world);
      await enableZdr(world, org);
      tombstone(org.id);
      const watch = start();
      await watch.close();
      expect(await events('zdr.rollback_detected')).toEqual([]);
      expect(lines.filter((line) => line.includes('tombstones.failed'))).toEqual([]);
    });

    describe('an organization that was forgotten', () => {
      let face: Face;
      let router: TestRouter;
      const policyOf = async (orgId: string) => {
        const { organizations, apiKeys, zdrOrgIds } = await router.next('snapshot');
        return {
          zdr: organizations.find((each) => idText(each.orgId) === orgId)?.zdr,
          listed: zdrOrgIds.map(idText).includes(orgId),
          keys: apiKeys
            .filter((key) => idText(key.orgId) === orgId)
            .map((key) => [key.logging, key.debug, key.sealingKey !== undefined]),
        };
      };
      const connect = () => {
        router = new TestRouter(face);
        closing.push(() => router.close());
        router.hello();
      };

      let nonce = 0n;
      const renewed = async () => {
        nonce += 1n;
        router.send({ $case: 'renew', value: { nonce } });
        // Answered by a fact, whether by a grant or not.
        const before = face.facts.length;
        await eventually(() => (face.facts.length > before ? true : undefined));
        return face.facts.at(-1);
      };
      const expectNoGrant = async () =>
        expect([undefined, 'guarded']).toContain(
          face.driver.guard === undefined ? await renewed() : undefined,
        );
      const expectGrant = async () => {
        await eventually(() => (face.driver.guard === undefined ? true : undefined));
        expect(await renewed()).toBe('granted');
      };
      const repair = () => {
        const reader = createAuditReader(peers.address, peers.credential);
        closing.push(() => reader.close());
        return repairZdr(world, world.addReplica({ zdr: { tombstones: () => reader.tombstones() } }));
      };

      it('is ZDR to the routers, at once and on every replica, and is recorded once', async () => {
        const org = await makeOrg(world);
        const bystander = await makeOrg(world);
        await makeKey(world, org.admin.token, { logging: true });
        await makeKey(world, bystander.admin.token, { logging: true });
        face = await serveFace(world.replica);
        closing.push(() => face.close());
        for (const { id } of [org, bystander])
          await registerTransitKey(face, {
            ...{ orgId: uuidBytes(id as Uuid), transitKeyId: uuidBytes(newUuidV7()) },
            publicKey: Buffer.alloc(32, 7),
          });
        connect();
        expect(await policyOf(org.id)).toEqual({ zdr: false, listed: false, keys: [[true, false, true]] });
        await takeAuditEvents(world);
        const eventId = tombstone(org.id);
        for (const replica of [world.replica, world.addReplica()]) start(replica);
        const delta = await router.next('delta');
        expect(delta.zdrOrgIds.map(idText)).toEqual([org.id]);
        connect();
        expect(await policyOf(org.id)).toEqual({ zdr: true, listed: true, keys: [[false, false, false]] });
        connect();
        expect(await policyOf(bystander.id)).toEqual({
          zdr: false,
          listed: false,
          keys: [[true, false, true]],
        });
        await expectNoGrant();
        const [event, ...rest] = await events('zdr.rollback_detected');
        expect(rest).toEqual([]);
        expect(event?.partitionkey).toBe(org.id);
        expect(event?.data).toMatchObject({ severity_id: 5 });
        expect(event?.data.unmapped).toMatchObject({
          before: { zdr: true, enabled_at: '2026-11-21T19:00:00.123Z', tombstone_event_id: eventId },
          after: { zdr: false },
        });
        const forgotten = () => world.replica.database.read(rolledBackOrganizations);
        const count = await forgotten();
        expect(count).toBeGreaterThan(0);
        await start().close();
        expect(await events('zdr.rollback_detected')).toHaveLength(1);
        // The way out.
        const repaired = await repair();
        expect(repaired.body.organizations).toContain(org.id);
        expect(await forgotten()).toBe(0);
        expect(count).toBeGreaterThan(0);
        await expectGrant();
      });

      it('may be one that the database has never heard of', async () => {
        const gone = newUuidV7();
        tombstone(gone);
        await start().close();
        expect((await events('zdr.rollback_detected')).map(({ subject }) => subject)).toEqual([
          `organization/${gone}`,
        ]);
        face = await serveFace(world.replica);
        closing.push(() => face.close());
        connect();
        expect(await policyOf(gone)).toEqual({ zdr: undefined, listed: true, keys: [] });
        await makeOrg(world);
        await router.next('delta');
        await expectNoGrant();
      });

      it('stays on record: no runtime role takes a tombstone back', async () => {
        tombstone(newUuidV7());
        await start().close();
        for (const statement of [
          'delete from config.zdr_tombstone',
          'update config.zdr_tombstone set enabled_at = now()',
          'truncate config.zdr_tombstone',
        ])
          await expect(world.superuser.unsafe(statement)).rejects.toMatchObject({ code: 'ZDR01' });
      });
    });

    it('again and again while audit is away, and nothing waits for it', async () => {
      peers.audit.failsWith = grpc.status.UNAVAILABLE;
      const org = await makeOrg(world);
      tombstone(org.id);
      start();
      await eventually(() =>
        lines.some((line) => line.includes('zdr_tombstones.failed')) ? true : undefined,
      );
      expect((await events('zdr.census')).length).toBe(1);
      peers.audit.failsWith = undefined;
      await eventually(async () => ((await events('zdr.rollback_detected')).length === 1 ? true : undefined));
    });

    it('and ends at once while audit keeps it waiting', async () => {
      peers.audit.hangs = true;
      const reader = createAuditReader(peers.address, peers.credential);
      let asked = false;
      const tombstones = () => {
        asked = true;
        return reader.tombstones();
      };
      const watch = new ZdrWatch({ deps: world.replica.deps, tombstones, log });
      await eventually(() => (asked ? true : undefined));
      const startedMs = performance.now();
      reader.close();
      await watch.close();
      expect(performance.now() - startedMs).toBeLessThan(3000);
    });

    it('and takes none of a list with one that it cannot read', async () => {
      const org = await makeOrg(world);
      tombstone(org.id);
      peers.audit.tombstones.push({ orgId: Buffer.alloc(3), enabledAtMs: 0n, eventId: Buffer.alloc(16) });
      await start().close();
      expect(await events('zdr.rollback_detected')).toEqual([]);
      expect(lines.some((line) => line.includes('zdr_tombstones.failed'))).toBe(true);
    });
  });
});
