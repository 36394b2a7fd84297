import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Uuid, uuidBytes, policy as wire } from '@lethe/contracts';
import { eventually } from '../testing/eventually.contract.js';
import { FakeRouter } from '../testing/fake-router.contract.js';
import { type Peers, startPeers } from '../testing/peers.contract.js';
import { type RunningAdmin, startRunning } from '../testing/running.contract.js';
import {
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  versionNow,
  type World,
} from '../testing/world.contract.js';

jest.setTimeout(120_000);

describe('the guard against a database that was set back', () => {
  let world: World;
  let peers: Peers;
  let admins: RunningAdmin[];
  const routers: FakeRouter[] = [];

  beforeAll(async () => {
    [world, peers] = await Promise.all([startWorld(), startPeers()]);
    admins = [await startRunning(world, peers), await startRunning(world, peers)];
  });
  afterAll(async () => {
    await Promise.all(admins.map((admin) => admin.stop()));
    await peers.close();
    await world.close();
  });
  afterEach(() => {
    for (const router of routers.splice(0)) router.close();
  });

  const admin = (n: number): RunningAdmin => admins[n] as RunningAdmin;
  const follow = (n: number, more: { bootId?: Buffer; haveVersion?: bigint } = {}): FakeRouter => {
    const router = new FakeRouter(admin(n), { routerId: `r${n}`, renewEveryMs: 100, ...more });
    routers.push(router);
    return router;
  };
  const guards = async () =>
    (await world.superuser`select reason from config.zdr_guard order by reason`).map(({ reason }) => reason);
  const isGuarded = async (n: number) => (await admin(n).metric('lethe_admin_zdr_guard')).endsWith(' 1');
  const raised = async () => {
    for (const n of [0, 1]) await eventually(async () => ((await isGuarded(n)) ? true : undefined));
  };
  /** Grants of a router from now on: none in the time of ten renewals, or some. */
  const isGranted = async (router: FakeRouter): Promise<boolean> => {
    const before = router.grants.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return router.grants.length > before;
  };
  const granted = (router: FakeRouter) => eventually(() => (router.grants.length > 0 ? true : undefined));
  const repair = () => admin(1).call('POST', '/v1/operator/zdr/repair', world.operatorToken);
  const eventsOf = (type: string) =>
    eventually(async () => {
      const found = peers.received
        .filter(({ method }) => method === 'append')
        .map(({ body }) => JSON.parse(body.toString('utf8')) as { type: string; data: { unmapped: unknown } })
        .filter((event) => event.type === `ai.lethe.audit.${type}.v1`);
      return found.length > 0 ? found : undefined;
    });
  const enable = (org: TestOrg) =>
    admin(0).call('POST', '/v1/manage/org/zdr', org.admin.token, { confirm: org.slug });

  const expectStopped = async (reason: string, well: FakeRouter[]) => {
    await raised();
    expect(await guards()).toEqual([reason]);
    for (const router of well) expect(await isGranted(router)).toBe(false);
    // No ZDR is confirmed either: who knows which routers the database forgot.
    const [alarm] = (await eventsOf('zdr.guard_raised')).slice(-1);
    expect(alarm?.data.unmapped).toMatchObject({ after: { reason } });
  };
  const expectRepaired = async (well: FakeRouter[], organizations: string[]) => {
    const { status, body } = await repair();
    expect([status, body.organizations]).toEqual([200, organizations]);
    expect(await guards()).toEqual([]);
    for (const router of well) await eventually(async () => ((await isGranted(router)) ? true : undefined));
    const again = await repair();
    expect(again.body).toMatchObject({ organizations: [], guards: [] });
  };
  /** As a restored dump would: the organization is as if ZDR had never been enabled, and the version is an earlier one. */
  const setBack = async (org: TestOrg | undefined, version: bigint) => {
    await world.superuser.begin(async (sql) => {
      for (const table of ['organization', 'config_version', 'api_key'])
        await sql.unsafe(`alter table config.${table} disable trigger user`);
      if (org !== undefined)
        await sql`update config.organization set zdr_enabled_at = null, zdr_version = null, zdr_keys_forced_off = null,
          zdr_event_id = null, zdr_evidence = null, zdr_effective_event_id = null, zdr_effective_at = null,
          default_logging = true where id = ${org.id}`;
      if (org !== undefined) await sql`update config.api_key set logging = true where org_id = ${org.id}`;
      await sql`update config.config_version set version = ${version.toString()}`;
      await sql`delete from config.outbox where config_version > ${version.toString()} and sent_at is not null`;
      for (const [table, names] of [
        ['organization', ['guard_row', 'guard_steps', 'guard_truncate']],
        ['config_version', ['guard_row', 'guard_truncate']],
        ['api_key', ['guard_row']],
      ] as const)
        for (const name of names)
          await sql.unsafe(`alter table config.${table} enable always trigger ${name}`);
    });
  };

  it('control: while nothing is wrong, leases are granted and there is nothing to repair', async () => {
    const router = follow(0);
    await granted(router);
    expect((await repair()).body).toMatchObject({ organizations: [], guards: [] });
    expect(await isGranted(router)).toBe(true);
  });

  it('a router that is ahead of the database stops all grants, on every replica', async () => {
    const well = [follow(0), follow(1)];
    await Promise.all(well.map(granted));
    const version = await versionNow(world);
    const ahead = follow(0, { haveVersion: version + 25n });
    expect(await eventually(() => ahead.status)).toBe(grpc.status.FAILED_PRECONDITION);
    await expectStopped('router_ahead', well);
    const org = await makeOrg(world);
    expect((await enable(org)).status).toBe(202);
    await expectRepaired(well, []);
    expect(await versionNow(world)).toBeGreaterThan(version + 25n);
    const back = follow(1, { bootId: ahead.bootId, haveVersion: version + 25n });
    await granted(back);
  });

  it('a router that remembers stops all grants', async () => {
    const well = [follow(0), follow(1)];
    await Promise.all(well.map(granted));
    const remembering = follow(1);
    const reason = wire.NackReason.NACK_REASON_ZDR_REGRESSION;
    remembering.send({ $case: 'nack', value: { version: 1n, reason } });
    await expectStopped('router_remembers', well);
    await expectRepaired(well, []);
  });

  it('a database that was set back under a running system stops all grants, and is repaired from the anchors', async () => {
    const org = await makeOrg(world);
    const { id } = await makeKey(world, org.admin.token, { logging: true });
    const version = await versionNow(world);
    const well = [follow(0), follow(1)];
    await Promise.all(well.map(granted));
    const { status, body } = await enable(org);
    expect(status).toBe(200);
    const audit = body.audit as { event_id: string };
    peers.audit.tombstones.push({
      orgId: uuidBytes(org.id as Uuid),
      enabledAtMs: BigInt(Date.parse(String(body.zdr_enabled_at))),
      eventId: uuidBytes(audit.event_id as Uuid),
    });
    await setBack(org, version);
    await expectStopped('database_behind', well);
    await expectRepaired(well, [org.id]);
    const [key] = await world.superuser`select logging from config.api_key where id = ${id}`;
    expect(key?.logging).toBe(false);
    const again = await eventually(async () => {
      const read = await admin(0).call('GET', '/v1/manage/org/zdr', org.admin.token);
      return read.body.state === 'effective' ? read.body : undefined;
    });
    expect(again).toMatchObject({ zdr_enabled_at: body.zdr_enabled_at, audit: { event_id: audit.event_id } });
    expect(Number(again.version)).toBeGreaterThan(Number(body.version));
    const repaired = await eventsOf('zdr.repaired');
    expect(repaired.some((event) => JSON.stringify(event).includes(org.id))).toBe(true);
  });

  it('and with everything restarted: nothing is granted before the anchors were read', async () => {
    const org = await makeOrg(world);
    const version = await versionNow(world);
    const { body } = await enable(org);
    peers.audit.tombstones.push({
      orgId: uuidBytes(org.id as Uuid),
      enabledAtMs: BigInt(Date.parse(String(body.zdr_enabled_at))),
      eventId: uuidBytes((body.audit as { event_id: string }).event_id as Uuid),
    });
    await Promise.all(admins.map((each) => each.stop()));
    await setBack(org, version);
    peers.audit.failsWith = grpc.status.UNAVAILABLE;
    admins = [await startRunning(world, peers), await startRunning(world, peers)];
    const well = [follow(0), follow(1)];
    // Metering and serving need the policy, and have it.
    await eventually(() => (well.every((router) => router.version === version) ? true : undefined));
    for (const router of well) expect(await isGranted(router)).toBe(false);
    expect((await repair()).status).toBe(503);
    peers.audit.failsWith = undefined;
    await raised();
    expect(await guards()).toEqual(['anchors_ahead']);
    for (const router of well) expect(await isGranted(router)).toBe(false);
    await expectRepaired(well, [org.id]);
  });

  it('outlives a restart, and no role takes it away while anything is left to repair', async () => {
    const version = await versionNow(world);
    const ahead = follow(0, { bootId: randomBytes(16), haveVersion: version + 5n });
    await eventually(() => ahead.status);
    await raised();
    await expect(world.superuser`delete from config.zdr_guard`).rejects.toMatchObject({ code: 'GRD01' });
    await expect(world.superuser`truncate config.zdr_guard`).rejects.toMatchObject({ code: 'GRD01' });
    await Promise.all(admins.map((each) => each.stop()));
    admins = [await startRunning(world, peers), await startRunning(world, peers)];
    await raised();
    const router = follow(1);
    expect(await isGranted(router)).toBe(false);
    await expectRepaired([router], []);
  });

  it('the version jumps only beyond what a guard has seen', async () => {
    const version = await versionNow(world);
    for (const by of [2, 26, -1])
      await expect(
        world.superuser`update config.config_version set version = version + ${by}`,
      ).rejects.toMatchObject({ code: 'ZDR06' });
    expect(await versionNow(world)).toBe(version);
  });
});
