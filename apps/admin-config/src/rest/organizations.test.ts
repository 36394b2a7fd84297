import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  versionNow,
  type World,
} from '../testing/world.contract.js';

describe('the organization', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world, 'acme');
  });
  afterAll(() => world.close());

  const patch = (token: string, body: unknown) => world.call('PATCH', '/v1/manage/org', { token, body });

  it('starts without logging and without ZDR', async () => {
    const { status, body } = await world.call('GET', '/v1/manage/org', { token: org.member.token });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: org.id,
      slug: 'acme',
      default_logging: false,
      allow_logging_change: true,
      zdr_enabled_at: null,
    });
  });

  it('is changed by an admin, with an event that holds no name', async () => {
    await takeAuditEvents(world);
    const { status, body } = await patch(org.admin.token, {
      name: 'Another Name',
      default_logging: true,
      allow_logging_change: false,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'Another Name', default_logging: true, allow_logging_change: false });
    const [event, ...rest] = await takeAuditEvents(world);
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      type: 'ai.lethe.audit.org.updated.v1',
      partitionkey: org.id,
      data: {
        actor: { user: { uid: org.admin.userId, type: 'admin' } },
        unmapped: {
          before: { default_logging: false, allow_logging_change: true },
          after: { default_logging: true, allow_logging_change: false, name_changed: true },
        },
      },
    });
  });

  it('stays as it is when nothing new is asked: no event, no version', async () => {
    await patch(org.admin.token, { default_logging: false, allow_logging_change: true });
    await takeAuditEvents(world);
    const since = await versionNow(world);
    expect((await patch(org.admin.token, { default_logging: false })).status).toBe(200);
    expect((await patch(org.admin.token, {})).status).toBe(200);
    expect(await versionNow(world)).toBe(since);
    expect(await takeAuditEvents(world)).toEqual([]);
  });

  it('has payload limits that an admin changes one at a time, with an event that says from what to what', async () => {
    await takeAuditEvents(world);
    const limits = async (payload_limits: unknown) =>
      (await patch(org.admin.token, { payload_limits })).body.payload_limits;
    const read = await world.call('GET', '/v1/manage/org', { token: org.auditor.token });
    expect(read.body.payload_limits).toEqual({ part_bytes_max: 32_768, total_bytes_max: 262_144 });
    expect(await limits({ part_bytes_max: 4096 })).toEqual({
      part_bytes_max: 4096,
      total_bytes_max: 262_144,
    });
    expect(await limits({ total_bytes_max: 786_432 })).toEqual({
      part_bytes_max: 4096,
      total_bytes_max: 786_432,
    });
    const since = await versionNow(world);
    expect(await limits({ part_bytes_max: 4096, total_bytes_max: 786_432 })).toBeDefined();
    expect(await limits({})).toBeDefined();
    expect(await versionNow(world)).toBe(since);
    expect((await takeAuditEvents(world)).map(({ data }) => data.unmapped)).toMatchObject([
      { before: { payload_part_bytes_max: 32_768 }, after: { payload_part_bytes_max: 4096 } },
      { before: { payload_total_bytes_max: 262_144 }, after: { payload_total_bytes_max: 786_432 } },
    ]);
  });

  it.each([
    { part_bytes_max: 127 },
    { part_bytes_max: 786_433 },
    { part_bytes_max: 1024.5 },
    { part_bytes_max: '4096' },
    { part_bytes_max: null },
    { total_bytes_max: 1023 },
    { total_bytes_max: 786_433 },
    { total_bytes_max: -1 },
    { total_bytes_max: 1e30 },
    { parts_max: 1 },
    null,
    32_768,
    [],
  ])('keeps its payload limits within the hard bound: %j is 400', async (payload_limits) => {
    const since = await versionNow(world);
    const { status, error } = await patch(org.admin.token, { payload_limits });
    expect([status, error?.type]).toEqual([400, 'caller']);
    expect(await versionNow(world)).toBe(since);
  });

  it('has the hard bound in its database too', async () => {
    const set = async (column: string, value: number): Promise<unknown> =>
      world.superuser`update config.organization set ${world.superuser(column)} = ${value} where id = ${org.id}`.then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    expect(await set('payload_part_bytes_max', 786_432)).toBe('done');
    expect(await set('payload_part_bytes_max', 786_433)).toBe('23514');
    expect(await set('payload_part_bytes_max', 127)).toBe('23514');
    expect(await set('payload_total_bytes_max', 786_433)).toBe('23514');
    expect(await set('payload_total_bytes_max', 1023)).toBe('23514');
  });

  it.each(['member', 'auditor'] as const)('answers 403 to a %s and records the attempt', async (role) => {
    await takeAuditEvents(world);
    const { status, error } = await patch(org[role].token, { default_logging: true });
    expect([status, error?.code]).toEqual([403, 'forbidden']);
    const refused = await takeAuditEvents(world);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({
      type: 'ai.lethe.audit.change.refused.v1',
      data: { status_id: 2, actor: { user: { type: role } }, unmapped: { refusal: 'caller.forbidden' } },
    });
  });

  it('answers 401 without a token and to one that is not known', async () => {
    expect((await world.call('GET', '/v1/manage/org')).status).toBe(401);
    const { status, error } = await world.call('GET', '/v1/manage/org', { token: 'lethe_mgmt_nobody' });
    expect([status, error?.type, error?.code]).toEqual([401, 'caller', 'invalid_token']);
  });

  it('checks a token', async () => {
    const { status, body } = await world.call('GET', '/v1/auth/check', { token: org.auditor.token });
    expect(status).toBe(200);
    expect(body).toMatchObject({ user_id: org.auditor.userId, org_slug: 'acme', role: 'auditor' });
    expect((await world.call('GET', '/v1/auth/check', { token: 'lethe_mgmt_x' })).status).toBe(401);
    expect((await world.call('GET', '/v1/auth/check', { token: world.operatorToken })).status).toBe(403);
  });
});
