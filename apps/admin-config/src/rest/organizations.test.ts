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
