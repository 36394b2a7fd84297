import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { Opaque, tokenSha256 } from '@lethe/service-kit';
import { eventually } from '../testing/eventually.contract.js';
import {
  type Face,
  idText,
  registerTransitKey,
  serveFace,
  simAccount,
  TestRouter,
} from '../testing/sync.contract.js';
import {
  enableZdr,
  makeKey,
  makeOrg,
  repairZdr,
  startWorld,
  type TestOrg,
  versionNow,
  type World,
} from '../testing/world.contract.js';

describe('PolicySync', () => {
  let world: World;
  let org: TestOrg;
  let face: Face;
  const routers: TestRouter[] = [];
  const faces: Face[] = [];

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    org = await makeOrg(world);
    face = await open();
  });
  afterEach(async () => {
    for (const router of routers.splice(0)) router.close();
    for (const each of faces.splice(0)) await each.close();
  });

  const open = async (replica = world.replica): Promise<Face> => {
    const opened = await serveFace(replica);
    faces.push(opened);
    return opened;
  };
  const connect = (on = face, bootId = randomBytes(16)): TestRouter => {
    const router = new TestRouter(on, bootId);
    routers.push(router);
    return router;
  };
  const greeted = async (on = face): Promise<{ router: TestRouter; snapshot: wire.Snapshot }> => {
    const router = connect(on);
    router.hello();
    return { router, snapshot: await router.next('snapshot') };
  };
  const keysOf = (keys: readonly wire.ApiKeyPolicy[], id: string) =>
    keys.filter((key) => idText(key.apiKeyId) === id);
  const orgIn = (list: readonly wire.OrganizationPolicy[]) =>
    list.find((each) => idText(each.orgId) === org.id);
  const patchKey = (id: string, body: unknown) =>
    world.call('PATCH', `/v1/manage/apikey/${id}`, { token: org.admin.token, body });
  const guards = async () => (await world.superuser`select reason from config.zdr_guard`).map(String);
  const transit = () => ({
    orgId: uuidBytes(org.id as ReturnType<typeof newUuidV7>),
    transitKeyId: uuidBytes(newUuidV7()),
    publicKey: randomBytes(32),
  });

  it('answers Hello with a snapshot of the present version', async () => {
    const { id, secret } = await makeKey(world, org.admin.token);
    const { snapshot } = await greeted();
    expect(snapshot.version).toBe(await versionNow(world));
    expect(orgIn(snapshot.organizations)).toMatchObject({
      zdr: false,
      payloadLimits: { partBytesMax: 32_768, totalBytesMax: 262_144 },
    });
    expect(orgIn(snapshot.organizations)?.userPseudonymKey).toHaveLength(32);
    const [key, ...more] = keysOf(snapshot.apiKeys, id);
    expect(more).toEqual([]);
    expect(key).toMatchObject({ logging: false, debug: false, sealingKey: undefined, expiresAtMs: 0n });
    expect(key?.keySha256.equals(tokenSha256(secret))).toBe(true);
    expect(idText(key?.userId as Buffer)).toBe(org.admin.userId);
    expect(snapshot.providerAccounts).toEqual([simAccount]);
  });

  it('pushes each change as a delta that follows the one before', async () => {
    const { router, snapshot } = await greeted();
    const { id } = await makeKey(world, org.admin.token);
    const first = await router.next('delta');
    expect(first.fromVersion).toBe(snapshot.version);
    expect(keysOf(first.apiKeys, id)).toHaveLength(1);
    await patchKey(id, { debug: true });
    const second = await router.next('delta');
    expect(second.fromVersion).toBe(first.version);
    expect(second.version).toBe(await versionNow(world));
    expect(keysOf(second.apiKeys, id)[0]?.debug).toBe(true);
    expect([second.organizations, second.zdrOrgIds]).toEqual([[], []]);
  });

  it('tells the routers when the payload limits of an organization change', async () => {
    const { router } = await greeted();
    const body = { payload_limits: { part_bytes_max: 2048 } };
    await world.call('PATCH', '/v1/manage/org', { token: org.admin.token, body });
    expect(orgIn((await router.next('delta')).organizations)?.payloadLimits).toEqual({
      partBytesMax: 2048,
      totalBytesMax: 262_144,
    });
  });

  it('gives a sealing key only to keys that log, and takes it back when they stop', async () => {
    const quiet = (await makeKey(world, org.admin.token)).id;
    const logging = (await makeKey(world, org.admin.token, { logging: true })).id;
    const { router } = await greeted();
    const key = transit();
    const version = await registerTransitKey(face, key);
    const delta = await router.next('delta');
    expect(delta.version).toBe(version);
    expect(keysOf(delta.apiKeys, quiet)).toEqual([]);
    expect(keysOf(delta.apiKeys, logging)[0]?.sealingKey).toEqual({
      transitKeyId: key.transitKeyId,
      publicKey: key.publicKey,
    });
    await patchKey(quiet, { logging: true });
    expect(keysOf((await router.next('delta')).apiKeys, quiet)[0]?.sealingKey).toBeDefined();
    await patchKey(logging, { logging: false });
    const [off] = keysOf((await router.next('delta')).apiKeys, logging);
    expect([off?.logging, off?.sealingKey]).toEqual([false, undefined]);
    await registerTransitKey(face, transit());
    const renewed = await router.next('delta');
    expect(keysOf(renewed.apiKeys, quiet)[0]?.sealingKey?.publicKey).not.toEqual(key.publicKey);
  });

  it('under ZDR has no sealing key and names the organization twice', async () => {
    const { id } = await makeKey(world, org.admin.token, { logging: true });
    await registerTransitKey(face, transit());
    const { router, snapshot } = await greeted();
    expect(keysOf(snapshot.apiKeys, id)[0]?.sealingKey).toBeDefined();
    const { body } = await enableZdr(world, org);
    const delta = await router.next('delta');
    expect(Number(delta.version)).toBe(body.version);
    expect(delta.zdrOrgIds.map(idText)).toEqual([org.id]);
    expect(orgIn(delta.organizations)?.zdr).toBe(true);
    expect(keysOf(delta.apiKeys, id)[0]).toMatchObject({
      logging: false,
      debug: false,
      sealingKey: undefined,
    });
    const later = await greeted();
    expect(later.snapshot.zdrOrgIds.map(idText)).toContain(org.id);
    expect(keysOf(later.snapshot.apiKeys, id)[0]?.sealingKey).toBeUndefined();
  });

  it('carries both secrets of an overlap, and only the new one without', async () => {
    const { id, secret } = await makeKey(world, org.admin.token);
    const { router } = await greeted();
    const rotate = (overlap_seconds: number) =>
      world.call('POST', `/v1/manage/apikey/${id}/rotate`, {
        token: org.admin.token,
        body: { overlap_seconds },
      });
    const { body } = await rotate(3600);
    const both = keysOf((await router.next('delta')).apiKeys, id);
    expect(both).toHaveLength(2);
    const old = both.find((key) => key.keySha256.equals(tokenSha256(secret)));
    expect(Number(old?.expiresAtMs)).toBe(Date.parse(String(body.previous_not_after)));
    const fresh = await rotate(0);
    const [one, ...more] = keysOf((await router.next('delta')).apiKeys, id);
    expect(more).toEqual([]);
    expect(one?.keySha256.equals(tokenSha256(String(fresh.body.api_key)))).toBe(true);
  });

  it('removes a key that is revoked, expired or barred from completions', async () => {
    const revoked = (await makeKey(world, org.admin.token)).id;
    const expired = (await makeKey(world, org.admin.token)).id;
    const { router } = await greeted();
    await world.call('DELETE', `/v1/manage/apikey/${revoked}`, { token: org.admin.token });
    expect((await router.next('delta')).removedApiKeyIds.map(idText)).toEqual([revoked]);
    await world.call('POST', `/v1/manage/apikey/${expired}/expiry`, {
      token: org.admin.token,
      body: { expires_at: new Date(Date.now() - 1000).toISOString() },
    });
    expect((await router.next('delta')).removedApiKeyIds.map(idText)).toEqual([expired]);
    const barred = await makeKey(world, org.admin.token, { permissions: { completions: 'none' } });
    const { snapshot } = await greeted();
    for (const id of [revoked, expired, barred.id]) expect(keysOf(snapshot.apiKeys, id)).toEqual([]);
  });

  it('carries registered fields', async () => {
    const { router } = await greeted();
    await world.call('POST', '/v1/manage/field', {
      token: org.admin.token,
      body: { key: 'env', type: 'listed', listed_values: ['prod'] },
    });
    expect(orgIn((await router.next('delta')).organizations)?.registeredFields).toEqual([
      { key: 'env', type: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_LISTED, listedValues: ['prod'] },
    ]);
  });

  it('sends a router that was away the deltas it missed, and a new life everything', async () => {
    const { router, snapshot } = await greeted();
    router.close();
    await makeKey(world, org.admin.token);
    await makeKey(world, org.admin.token);
    await face.driver.refresh();
    const back = connect(face, router.bootId);
    back.hello(snapshot.version);
    let delta = await back.next('delta');
    expect(delta.fromVersion).toBe(snapshot.version);
    while (delta.version < (await versionNow(world))) delta = await back.next('delta');
    const reborn = connect();
    reborn.hello(snapshot.version);
    expect((await reborn.next('snapshot')).version).toBe(await versionNow(world));
    const elsewhere = connect(await open(world.addReplica()), router.bootId);
    elsewhere.hello(snapshot.version);
    expect((await elsewhere.next('snapshot')).version).toBe(await versionNow(world));
  });

  it('learns of a change that another replica made', async () => {
    const { router } = await greeted();
    const made = await world.call('POST', '/v1/manage/apikey', {
      token: org.admin.token,
      body: { name: 'k' },
      replica: world.addReplica(),
    });
    expect(keysOf((await router.next('delta')).apiKeys, String(made.body.api_key_id))).toHaveLength(1);
  });

  it('grants a lease under the present version, after every delta up to it', async () => {
    const { router } = await greeted();
    await makeKey(world, org.admin.token);
    router.send({ $case: 'renew', value: { nonce: 7n } });
    const kinds = await eventually(() =>
      router.parts.some(({ $case }) => $case === 'grant')
        ? router.parts.map(({ $case }) => $case)
        : undefined,
    );
    expect(kinds.slice(0, kinds.indexOf('grant'))).toContain('delta');
    expect(await router.next('grant')).toEqual({
      nonce: 7n,
      ttlMs: 10_000,
      version: await versionNow(world),
    });
  });

  it('grants nothing without the database', async () => {
    const { router } = await greeted();
    await world.postgres.kill();
    router.send({ $case: 'renew', value: { nonce: 1n } });
    await eventually(() => (face.logLines.length > 0 || world.logLines.length > 0 ? true : undefined));
    await world.postgres.restart();
    await eventually(() => world.replica.database.ready().then((ready) => ready || undefined));
    router.send({ $case: 'renew', value: { nonce: 2n } });
    expect((await router.next('grant')).nonce).toBe(2n);
  });

  it('sends a fresh snapshot after a Nack, and cuts a router that keeps refusing', async () => {
    const { router, snapshot } = await greeted();
    const nack = () =>
      router.send({
        $case: 'nack',
        value: { version: snapshot.version, reason: wire.NackReason.NACK_REASON_GAP },
      });
    for (let n = 0; n < 3; n++) {
      nack();
      await router.next('snapshot');
    }
    router.send({ $case: 'ack', value: { version: snapshot.version } });
    nack();
    await router.next('snapshot');
    for (let n = 0; n < 3; n++) nack();
    expect(await router.ended()).toBe(grpc.status.FAILED_PRECONDITION);
  });

  it('takes reports, and lets a router go that releases its lease', async () => {
    const { router } = await greeted();
    const value = { leaseLapses: 2n, zdrRegressions: 0n, preflight: [{ item: 1, ok: false }] };
    router.send({ $case: 'report', value });
    await eventually(() => (face.reports.length === 1 ? true : undefined));
    expect(face.reports).toEqual([value]);
    router.send({ $case: 'release', value: {} });
    expect(await router.ended()).toBe(grpc.status.OK);
    expect(face.driver.streams).toBe(0);
  });

  it.each([
    ['another schema', { schemaVersion: 2 }, grpc.status.FAILED_PRECONDITION],
    ['a short boot id', { bootId: Buffer.alloc(3) }, grpc.status.INVALID_ARGUMENT],
    ['a name with spaces', { routerId: 'a b' }, grpc.status.INVALID_ARGUMENT],
    ['a version of the future', { haveVersion: 1n << 40n }, grpc.status.FAILED_PRECONDITION],
  ])('refuses a Hello with %s', async (_what, hello, status) => {
    const router = connect();
    router.hello(0n, hello);
    expect(await router.ended()).toBe(status);
    expect(router.parts).toEqual([]);
    expect(face.driver.streams).toBe(0);
    const isAhead = (hello as Partial<wire.Hello>).haveVersion !== undefined;
    expect(face.driver.guard).toBe(isAhead ? 'router_ahead' : undefined);
    // The guard reaches the database a moment later; then it is repaired.
    await eventually(async () => ((await guards()).length === (isAhead ? 1 : 0) ? true : undefined));
    if (isAhead) expect((await repairZdr(world)).body).toMatchObject({ guards: ['router_ahead'] });
  });

  it('wants Hello first, and once', async () => {
    const early = connect();
    early.send({ $case: 'renew', value: { nonce: 1n } });
    expect(await early.ended()).toBe(grpc.status.INVALID_ARGUMENT);
    const { router } = await greeted();
    router.hello();
    expect(await router.ended()).toBe(grpc.status.INVALID_ARGUMENT);
  });

  it('is for routers only', async () => {
    const accounting = new TestRouter(face, randomBytes(16), face.credentials.accounting);
    routers.push(accounting);
    expect(await accounting.ended()).toBe(grpc.status.PERMISSION_DENIED);
    const nobody = new TestRouter(face, randomBytes(16), new Opaque('lethe_svc_guess'));
    routers.push(nobody);
    expect(await nobody.ended()).toBe(grpc.status.UNAUTHENTICATED);
  });

  it('cuts off a router that does not read, and serves the others on', async () => {
    const { superuser } = world;
    const { router: slow } = await greeted();
    const { router: quick } = await greeted();
    slow.pause();
    const values = Array.from({ length: 60 }, (_, n) => `${n}`.padStart(64, 'v'));
    await superuser`insert into config.registered_field (id, org_id, key, type, listed_values, created_at)
      select gen_random_uuid(), ${org.id}, 'key-' || n, 'listed', ${superuser.json(values)}, now()
      from generate_series(1, 64) n`;
    for (let n = 0; n < 200 && face.driver.streams > 1; n++) {
      await superuser`update config.registered_field set type = ${n % 2 === 0 ? 'number' : 'uuid'}
        where key = 'key-1'`;
      await superuser`update config.config_version set version = version + 1`;
      await face.driver.refresh();
      await quick.next('delta');
    }
    expect(face.driver.streams).toBe(1);
    expect(face.logLines.some((line) => line.includes('policy_sync.cut'))).toBe(true);
    slow.resume();
    expect(await slow.ended()).toBe(grpc.status.RESOURCE_EXHAUSTED);
    quick.send({ $case: 'renew', value: { nonce: 3n } });
    expect((await quick.next('grant')).version).toBe(await versionNow(world));
    await superuser`delete from config.registered_field`;
    await superuser`update config.config_version set version = version + 1`;
  }, 90_000);

  it('never forgets ZDR, and grants nothing more, when the database does', async () => {
    const { id } = await makeKey(world, org.admin.token, { logging: true });
    await registerTransitKey(face, transit());
    await enableZdr(world, org);
    await face.driver.refresh();
    const { router } = await greeted();
    const { superuser } = world;
    await superuser`alter table config.organization disable trigger user`;
    await superuser`update config.organization set zdr_enabled_at = null, zdr_version = null,
      zdr_keys_forced_off = null, zdr_event_id = null, zdr_evidence = null, zdr_effective_event_id = null,
      zdr_effective_at = null where id = ${org.id}`;
    for (const trigger of ['guard_row', 'guard_steps', 'guard_truncate'])
      await superuser.unsafe(`alter table config.organization enable always trigger ${trigger}`);
    await superuser`update config.api_key set logging = true where id = ${id}`;
    await superuser`insert into config.transit_key values (${newUuidV7()}, ${org.id}, ${randomBytes(32)}, true, 1, now())`;
    await superuser`update config.config_version set version = version + 1`;
    const later = await eventually(async () => {
      await face.driver.refresh();
      const { snapshot } = await greeted();
      return snapshot.version === (await versionNow(world)) ? snapshot : undefined;
    });
    expect(later.zdrOrgIds.map(idText)).toContain(org.id);
    expect(orgIn(later.organizations)?.zdr).toBe(true);
    expect(keysOf(later.apiKeys, id)[0]).toMatchObject({ logging: false, sealingKey: undefined });
    expect(face.logLines.some((line) => line.includes('policy_sync.zdr_forgotten'))).toBe(true);
    router.send({ $case: 'renew', value: { nonce: 1n } });
    router.send({ $case: 'nack', value: { version: 1n, reason: wire.NackReason.NACK_REASON_GAP } });
    await router.next('snapshot');
    expect(router.parts.filter(({ $case }) => $case === 'grant')).toEqual([]);
  });
});
