import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  addPerson,
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

const nobody = '00000000-0000-7000-8000-000000000000';

describe('groups', () => {
  let world: World;
  let org: TestOrg;
  let other: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
    other = await makeOrg(world);
  });
  afterAll(() => world.close());

  const path = '/v1/manage/group';
  const makeGroup = async (name: string) =>
    String((await world.call('POST', path, { token: org.admin.token, body: { name } })).body.group_id);

  it('are made, listed, read and deleted', async () => {
    const token = org.admin.token;
    await takeAuditEvents(world);
    const made = await world.call('POST', path, { token, body: { name: 'red', monthly_limit: '5' } });
    expect(made.status).toBe(201);
    expect((await world.call('POST', path, { token, body: { name: 'red' } })).status).toBe(409);
    const id = String(made.body.group_id);
    const list = await world.call('GET', path, { token: org.member.token });
    expect(list.data).toMatchObject([{ id, name: 'red', monthly_limit: '5' }]);
    expect((await world.call('GET', `${path}/${id}`, { token })).body).toMatchObject({ id, members: [] });
    const key = await makeKey(world, token, { group_id: id });
    expect((await world.call('DELETE', `${path}/${id}`, { token })).status).toBe(204);
    expect((await world.call('DELETE', `${path}/${id}`, { token })).status).toBe(404);
    expect((await world.call('GET', `/v1/manage/apikey/${key.id}`, { token })).body.group).toBeUndefined();
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.group.created.v1',
      'ai.lethe.audit.apikey.created.v1',
      'ai.lethe.audit.group.deleted.v1',
    ]);
  });

  it('take members and roles from an admin and from their own admins', async () => {
    const id = await makeGroup('blue');
    const lead = await addPerson(world, org.slug, 'member');
    const members = `${path}/${id}/member`;
    await takeAuditEvents(world);
    const put = (who: { token: string }, method: string, body: unknown) =>
      world.call(method, members, { token: who.token, body });
    expect((await put(lead, 'POST', { user_id: lead.userId, role: 'admin' })).status).toBe(403);
    expect((await put(org.admin, 'POST', { user_id: lead.userId, role: 'member' })).status).toBe(201);
    expect((await put(lead, 'PUT', { user_id: lead.userId, role: 'admin' })).status).toBe(403);
    expect((await put(org.admin, 'POST', { user_id: lead.userId, role: 'admin' })).status).toBe(409);
    expect((await put(org.admin, 'PUT', { user_id: lead.userId, role: 'admin' })).status).toBe(200);
    expect((await put(lead, 'POST', { user_id: org.member.userId, role: 'member' })).status).toBe(201);
    expect((await put(org.auditor, 'DELETE', { user_id: org.member.userId })).status).toBe(403);
    const read = await world.call('GET', `${path}/${id}`, { token: org.member.token });
    expect(read.body.members).toEqual(
      [
        { user_id: lead.userId, role: 'admin' },
        { user_id: org.member.userId, role: 'member' },
      ].sort((a, b) => (a.user_id < b.user_id ? -1 : 1)),
    );
    expect((await put(lead, 'DELETE', { user_id: org.member.userId })).status).toBe(204);
    expect((await put(lead, 'DELETE', { user_id: org.member.userId })).status).toBe(404);
    expect((await world.call('GET', `${path}/${id}`, { token: org.member.token })).status).toBe(403);
    expect((await takeAuditEvents(world)).filter(({ type }) => type.includes('refused'))).toHaveLength(3);
  });

  it('take nobody from elsewhere', async () => {
    const id = await makeGroup('green');
    const token = org.admin.token;
    for (const user_id of [other.member.userId, nobody]) {
      const body = { user_id, role: 'member' };
      const { status, error } = await world.call('POST', `${path}/${id}/member`, { token, body });
      expect([status, error?.param]).toEqual([400, 'user_id']);
      expect((await world.call('PUT', `${path}/${id}/member`, { token, body })).status).toBe(404);
    }
    for (const id of [nobody, 'x']) {
      expect((await world.call('GET', `${path}/${id}`, { token })).status).toBe(404);
      const body = { user_id: org.member.userId, role: 'member' };
      expect((await world.call('POST', `${path}/${id}/member`, { token, body })).status).toBe(404);
    }
    expect((await world.call('GET', `${path}/${id}`, { token: other.admin.token })).status).toBe(404);
  });

  it.each(['member', 'auditor'] as const)('are not made or deleted by a %s', async (role) => {
    const id = await makeGroup(`grey-${role}`);
    const { token } = org[role];
    expect((await world.call('POST', path, { token, body: { name: 'x' } })).status).toBe(403);
    expect((await world.call('DELETE', `${path}/${id}`, { token })).status).toBe(403);
  });
});

describe('registered fields', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
  });
  afterAll(() => world.close());

  const path = '/v1/manage/field';
  const register = (token: string, body: unknown) => world.call('POST', path, { token, body });

  it('are registered and unregistered by an admin; the events name them by id', async () => {
    const token = org.admin.token;
    await takeAuditEvents(world);
    const made = await register(token, { key: 'env', type: 'listed', listed_values: ['prod', 'dev'] });
    expect(made.status).toBe(201);
    const again = await register(token, { key: 'env', type: 'listed', listed_values: ['prod', 'dev'] });
    expect([again.status, again.body.id]).toEqual([201, made.body.id]);
    expect((await register(token, { key: 'env', type: 'number' })).status).toBe(409);
    const list = await world.call('GET', path, { token: org.auditor.token });
    expect(list.data).toMatchObject([{ key: 'env', type: 'listed', listed_values: ['prod', 'dev'] }]);
    expect((await world.call('DELETE', `${path}/env`, { token })).status).toBe(204);
    expect((await world.call('DELETE', `${path}/env`, { token })).status).toBe(404);
    expect((await world.call('DELETE', `${path}/not%20one`, { token })).status).toBe(404);
    const events = await takeAuditEvents(world);
    expect(events.map(({ type, subject }) => [type, subject])).toEqual([
      ['ai.lethe.audit.field.registered.v1', `field/${made.body.id}`],
      ['ai.lethe.audit.field.unregistered.v1', `field/${made.body.id}`],
    ]);
  });

  it.each([
    [{ key: 'a b', type: 'number' }, 'key'],
    [{ key: 'a', type: 'text' }, 'type'],
    [{ key: 'a', type: 'listed' }, 'listed_values'],
    [{ key: 'a', type: 'number', listed_values: ['x'] }, 'listed_values'],
    [{ key: 'a', type: 'listed', listed_values: ['a b'] }, 'listed_values'],
  ])('answer 400 to %j', async (body, param) => {
    const { status, error } = await register(org.admin.token, body);
    expect([status, error?.param]).toEqual([400, param]);
  });

  it.each(['member', 'auditor'] as const)('are not registered by a %s', async (role) => {
    expect((await register(org[role].token, { key: 'x', type: 'number' })).status).toBe(403);
    expect((await world.call('DELETE', `${path}/x`, { token: org[role].token })).status).toBe(403);
  });

  it('are bounded in number', async () => {
    const { superuser } = world;
    await superuser`insert into config.registered_field (id, org_id, key, type, created_at)
      select gen_random_uuid(), ${org.id}, 'k' || n, 'number', now() from generate_series(1, 64) n`;
    expect((await register(org.admin.token, { key: 'more', type: 'number' })).status).toBe(503);
  });
});
