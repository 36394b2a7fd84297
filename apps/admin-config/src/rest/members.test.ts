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

describe('members', () => {
  let world: World;
  let org: TestOrg;
  let other: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
    other = await makeOrg(world);
  });
  afterAll(() => world.close());

  const path = '/v1/manage/org/member';

  it('are listed for everyone of the organization', async () => {
    const { status, data } = await world.call('GET', path, { token: org.member.token });
    expect(status).toBe(200);
    expect(data.map(({ id, role }) => [id, role])).toEqual([
      [org.admin.userId, 'admin'],
      [org.member.userId, 'member'],
      [org.auditor.userId, 'auditor'],
    ]);
  });

  it('are added, given another role and removed by an admin, each with an event', async () => {
    await takeAuditEvents(world);
    const token = org.admin.token;
    const made = await world.call('POST', path, { token, body: { name: 'New', role: 'auditor' } });
    expect(made.status).toBe(201);
    const one = `${path}/${made.body.user_id}`;
    expect((await world.call('PATCH', one, { token, body: { role: 'member' } })).body.role).toBe('member');
    expect((await world.call('PATCH', one, { token, body: { role: 'member' } })).status).toBe(200);
    expect((await world.call('DELETE', one, { token })).status).toBe(204);
    expect((await world.call('DELETE', one, { token })).status).toBe(404);
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.member.added.v1',
      'ai.lethe.audit.member.role_assigned.v1',
      'ai.lethe.audit.member.removed.v1',
    ]);
  });

  it('are changed by nobody else, and the attempts are recorded', async () => {
    await takeAuditEvents(world);
    const one = `${path}/${org.member.userId}`;
    for (const { token } of [org.member, org.auditor]) {
      expect((await world.call('POST', path, { token, body: { name: 'x', role: 'admin' } })).status).toBe(
        403,
      );
      expect((await world.call('PATCH', one, { token, body: { role: 'admin' } })).status).toBe(403);
      expect((await world.call('DELETE', one, { token })).status).toBe(403);
    }
    const events = await takeAuditEvents(world);
    expect(events.map(({ type }) => type)).toEqual(
      Array.from({ length: 6 }, () => 'ai.lethe.audit.change.refused.v1'),
    );
    expect(events[1]?.data.unmapped.after).toEqual({ role: 'admin' });
  });

  it('of another organization do not exist', async () => {
    const token = other.admin.token;
    for (const id of [org.member.userId, nobody, 'x']) {
      expect((await world.call('PATCH', `${path}/${id}`, { token, body: { role: 'admin' } })).status).toBe(
        404,
      );
      expect((await world.call('DELETE', `${path}/${id}`, { token })).status).toBe(404);
    }
  });

  it('lose tokens and keys when they are removed', async () => {
    const leaver = await addPerson(world, org.slug, 'member');
    const key = await makeKey(world, leaver.token);
    await world.call('DELETE', `${path}/${leaver.userId}`, { token: org.admin.token });
    expect((await world.call('GET', '/v1/auth/check', { token: leaver.token })).status).toBe(401);
    expect((await world.call('GET', '/v1/manage/apikey/self', { token: key.secret })).status).toBe(401);
  });

  it('feel a new role at once', async () => {
    const riser = await addPerson(world, org.slug, 'member');
    const add = () => world.call('POST', path, { token: riser.token, body: { name: 'x', role: 'member' } });
    expect((await add()).status).toBe(403);
    const promote = { token: org.admin.token, body: { role: 'admin' } };
    await world.call('PATCH', `${path}/${riser.userId}`, promote);
    expect((await add()).status).toBe(201);
  });

  it('keep one admin among them', async () => {
    const token = other.admin.token;
    const one = `${path}/${other.admin.userId}`;
    const demoted = await world.call('PATCH', one, { token, body: { role: 'member' } });
    expect([demoted.status, demoted.error?.param]).toEqual([400, 'role']);
    expect((await world.call('DELETE', one, { token })).status).toBe(400);
  });
});
