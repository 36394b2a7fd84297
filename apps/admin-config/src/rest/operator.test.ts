import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  makeOrg,
  startWorld,
  type TestOrg,
  takeAccountingCalls,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

const nobody = '00000000-0000-7000-8000-000000000000';

describe('the operator', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world, 'acme');
  });
  afterAll(() => world.close());

  const call = (method: string, path: string, body?: unknown, token = world.operatorToken) =>
    world.call(method, `/v1/operator${path}`, { token, ...(body === undefined ? {} : { body }) });

  it('makes and lists organizations', async () => {
    await takeAuditEvents(world);
    await takeAccountingCalls(world);
    const made = await call('POST', '/org', { slug: 'fresh', name: 'Fresh' });
    expect([made.status, made.body.slug]).toEqual([201, 'fresh']);
    const [event] = await takeAuditEvents(world);
    expect([event?.type, event?.data.actor.user.type]).toEqual(['ai.lethe.audit.org.created.v1', 'operator']);
    expect((await takeAccountingCalls(world)).map(({ method }) => method)).toEqual(['open_org']);
    const taken = await call('POST', '/org', { slug: 'fresh', name: 'Again' });
    expect([taken.status, taken.error?.code, taken.error?.param]).toEqual([409, 'conflict', 'slug']);
    const list = await call('GET', '/org');
    expect(list.data.map(({ slug }) => slug)).toEqual(['acme', 'fresh']);
  });

  it.each(['', 'Upper', '-a', 'a-', 'a_b', 'ä', 'a'.repeat(64)])('refuses the slug %j', async (slug) => {
    const { status, error } = await call('POST', '/org', { slug, name: 'x' });
    expect([status, error?.param]).toEqual([400, 'slug']);
  });

  it('adds members, gives and revokes tokens', async () => {
    await takeAuditEvents(world);
    const member = await call('POST', '/org/acme/member', { name: 'M', role: 'admin' });
    expect(member.status).toBe(201);
    const given = await call('POST', '/org/acme/token', { user_id: member.body.user_id, name: 't' });
    expect(given.status).toBe(201);
    const token = String(given.body.token);
    expect(token).toMatch(/^lethe_mgmt_/);
    expect((await world.call('GET', '/v1/auth/check', { token })).body.role).toBe('admin');
    expect((await call('POST', `/token/${given.body.token_id}/revoke`)).status).toBe(204);
    expect((await world.call('GET', '/v1/auth/check', { token })).status).toBe(401);
    expect((await call('POST', `/token/${given.body.token_id}/revoke`)).status).toBe(204);
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.member.added.v1',
      'ai.lethe.audit.token.created.v1',
      'ai.lethe.audit.token.revoked.v1',
    ]);
  });

  it('makes, rotates and revokes API keys for a user', async () => {
    await takeAuditEvents(world);
    const made = await call('POST', '/org/acme/apikey', {
      name: 'k',
      owner_user_id: org.member.userId,
      logging: true,
    });
    expect(made.status).toBe(201);
    const self = (secret: unknown) => world.call('GET', '/v1/manage/apikey/self', { token: String(secret) });
    expect((await self(made.body.api_key)).body).toMatchObject({
      logging: true,
      created_by: { id: org.member.userId },
    });
    const id = made.body.api_key_id;
    const rotated = await call('POST', `/apikey/${id}/rotate`, { overlap_seconds: 60 });
    expect((await self(rotated.body.api_key)).status).toBe(200);
    expect((await call('POST', `/apikey/${id}/revoke`)).status).toBe(204);
    expect((await self(rotated.body.api_key)).status).toBe(401);
    expect((await call('POST', `/apikey/${id}/revoke`)).status).toBe(404);
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.apikey.created.v1',
      'ai.lethe.audit.apikey.rotated.v1',
      'ai.lethe.audit.apikey.revoked.v1',
    ]);
  });

  it('is told what is not there', async () => {
    expect((await call('POST', '/org/none/member', { name: 'x', role: 'admin' })).status).toBe(404);
    expect((await call('POST', '/org/none/token', { user_id: nobody, name: 'x' })).status).toBe(404);
    expect((await call('POST', '/org/none/apikey', { owner_user_id: nobody, name: 'x' })).status).toBe(404);
    expect((await call('POST', `/token/${nobody}/revoke`)).status).toBe(404);
    expect((await call('POST', `/apikey/${nobody}/rotate`)).status).toBe(404);
    const token = await call('POST', '/org/acme/token', { user_id: nobody, name: 'x' });
    expect([token.status, token.error?.param]).toEqual([400, 'user_id']);
    const key = await call('POST', '/org/acme/apikey', { owner_user_id: nobody, name: 'x' });
    expect([key.status, key.error?.param]).toEqual([400, 'owner_user_id']);
  });

  it('is nobody else', async () => {
    for (const token of [org.admin.token, 'lethe_ops_guess', `${world.operatorToken}x`]) {
      expect((await call('GET', '/org', undefined, token)).status).toBe(401);
      expect((await call('POST', '/org', { slug: 'x', name: 'x' }, token)).status).toBe(401);
    }
    expect((await world.call('GET', '/v1/operator/org')).status).toBe(401);
    expect((await world.call('GET', '/v1/manage/org', { token: world.operatorToken })).status).toBe(403);
  });
});
