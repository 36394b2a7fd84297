import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accounting, uuidText } from '@lethe/contracts';
import {
  addPerson,
  makeKey,
  makeOrg,
  type Person,
  startWorld,
  type TestOrg,
  takeAccountingCalls,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

const nobody = '00000000-0000-7000-8000-000000000000';

describe('API keys', () => {
  let world: World;
  let org: TestOrg;
  let other: TestOrg;
  let stranger: Person;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
    other = await makeOrg(world);
    stranger = await addPerson(world, org.slug, 'member');
  });
  afterAll(() => world.close());

  const call = (who: Person, method: string, path: string, body?: unknown) =>
    world.call(method, `/v1/manage/apikey${path}`, {
      token: who.token,
      ...(body === undefined ? {} : { body }),
    });

  it('are made with a secret that is shown once and kept as SHA-256', async () => {
    await takeAuditEvents(world);
    await takeAccountingCalls(world);
    const made = await call(org.member, 'POST', '', { name: 'first', monthly_limit: 12.5 });
    expect(made.status).toBe(201);
    const secret = String(made.body.api_key);
    expect(secret).toMatch(/^sk-lethe-[A-Za-z0-9_-]{43}$/);
    const read = await call(org.member, 'GET', `/${made.body.api_key_id}`);
    expect(read.body).toMatchObject({
      id: made.body.api_key_id,
      name: 'first',
      logging: false,
      debug: false,
      monthly_limit: '12.5',
      permissions: { manage: 'none', completions: 'write' },
      labels: {},
      created_by: { id: org.member.userId },
      expires_at: null,
    });
    expect(read.text).not.toContain(secret);
    const [row] = await world.superuser`select encode(sha256, 'hex') as sha256 from config.api_key_secret
      where api_key_id = ${String(made.body.api_key_id)}`;
    expect(row?.sha256).toBe(createHash('sha256').update(secret).digest('hex'));
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.apikey.created.v1',
    ]);
    const [put] = await takeAccountingCalls(world);
    const [copy] = accounting.PutApiKeysRequest.decode(put?.body as Buffer).apiKeys;
    expect([uuidText(copy?.apiKeyId as Buffer), copy?.logging]).toEqual([made.body.api_key_id, false]);
  });

  it('take a logging wish only when the matrix allows it', async () => {
    expect((await call(org.member, 'POST', '', { name: 'k', logging: true })).status).toBe(201);
    await world.call('PATCH', '/v1/manage/org', {
      token: org.admin.token,
      body: { allow_logging_change: false },
    });
    const refused = await call(org.member, 'POST', '', { name: 'k', logging: true });
    expect([refused.status, refused.error?.code]).toEqual([403, 'logging_change_disallowed']);
    expect((await call(org.admin, 'POST', '', { name: 'k', logging: true })).status).toBe(201);
    await world.call('PATCH', '/v1/manage/org', {
      token: org.admin.token,
      body: { allow_logging_change: true },
    });
  });

  it('are listed page by page: all for admin and auditor, own ones for a member', async () => {
    const lonely = await makeOrg(world);
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await makeKey(world, lonely.admin.token)).id);
    const own = (await makeKey(world, lonely.member.token)).id;
    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const page = await call(lonely.auditor, 'GET', `?limit=4${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(page.status).toBe(200);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([...ids, own]);
    expect((await call(lonely.member, 'GET', '')).data.map(({ id }) => id)).toEqual([own]);
    expect((await call(lonely.admin, 'GET', '')).data).toHaveLength(6);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?limit=many', 'limit'],
    ['?cursor=nonsense', 'cursor'],
  ])('answer 400 to the list query %s', async (query, param) => {
    const { status, error } = await call(org.admin, 'GET', query);
    expect([status, error?.code, error?.param]).toEqual([400, 'invalid_value', param]);
  });

  it('of others are forbidden to a member, and do not exist for another organization', async () => {
    const { id } = await makeKey(world, org.member.token);
    const attempts: readonly [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', ''],
      ['POST', '/rotate', { overlap_seconds: 1 }],
      ['POST', '/limit', { monthly_limit: 1 }],
      ['POST', '/label', { labels: {} }],
      ['POST', '/expiry', { expires_at: null }],
    ];
    for (const [method, path, body] of attempts) {
      expect((await call(stranger, method, `/${id}${path}`, body)).status).toBe(403);
      expect((await call(other.admin, method, `/${id}${path}`, body)).status).toBe(404);
      expect((await call(org.admin, method, `/${nobody}${path}`, body)).status).toBe(404);
      expect((await call(org.admin, method, `/not-an-id${path}`, body)).status).toBe(404);
      if (method !== 'GET') expect((await call(org.auditor, method, `/${id}${path}`, body)).status).toBe(403);
    }
    expect((await call(org.auditor, 'GET', `/${id}`)).status).toBe(200);
    expect((await call(org.member, 'GET', `/${id}`)).status).toBe(200);
  });

  it('of a group are the group admin’s too', async () => {
    const groupAdmin = await addPerson(world, org.slug, 'member');
    const group = await world.call('POST', '/v1/manage/group', {
      token: org.admin.token,
      body: { name: 'team' },
    });
    await world.call('POST', `/v1/manage/group/${group.body.group_id}/member`, {
      token: org.admin.token,
      body: { user_id: groupAdmin.userId, role: 'admin' },
    });
    const { id } = await makeKey(world, org.admin.token, { group_id: group.body.group_id });
    expect((await call(groupAdmin, 'PATCH', `/${id}`, { logging: true })).body.logging).toBe(true);
    expect((await call(groupAdmin, 'GET', '')).data.map((key) => key.id)).toEqual([id]);
    expect((await call(groupAdmin, 'DELETE', `/${id}`)).status).toBe(204);
    const outside = await call(stranger, 'POST', '', { name: 'k', group_id: group.body.group_id });
    expect([outside.status, outside.error?.param]).toEqual([403, 'group_id']);
    const unknown = await call(org.admin, 'POST', '', { name: 'k', group_id: nobody });
    expect([unknown.status, unknown.error?.param]).toEqual([400, 'group_id']);
  });

  it('change name, logging and debug, all or nothing, each change an event', async () => {
    const { id } = await makeKey(world, org.member.token);
    await takeAuditEvents(world);
    const { status, body } = await call(org.member, 'PATCH', `/${id}`, {
      logging: true,
      debug: true,
      name: 'renamed',
    });
    expect([status, body.logging, body.debug, body.name]).toEqual([200, true, true, 'renamed']);
    expect((await takeAuditEvents(world)).map(({ type, data }) => [type, data.unmapped.after])).toEqual([
      ['ai.lethe.audit.logging.enabled.v1', { logging: true }],
      ['ai.lethe.audit.apikey.updated.v1', { debug: true, name_changed: true }],
    ]);
    expect((await call(org.member, 'PATCH', `/${id}`, { logging: true, name: 'renamed' })).status).toBe(200);
    expect(await takeAuditEvents(world)).toEqual([]);
    await call(org.member, 'PATCH', `/${id}`, { logging: false });
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.logging.disabled.v1',
    ]);
  });

  it('rotate with an overlap of two secrets, never more', async () => {
    const { id, secret } = await makeKey(world, org.member.token);
    const self = (token: string) => world.call('GET', '/v1/manage/apikey/self', { token });
    const second = await call(org.member, 'POST', `/${id}/rotate`, { overlap_seconds: 3600 });
    expect(second.status).toBe(200);
    expect([(await self(secret)).body.id, (await self(String(second.body.api_key))).body.id]).toEqual([
      id,
      id,
    ]);
    const third = await call(org.admin, 'POST', `/${id}/rotate`, { overlap_seconds: 3600 });
    expect((await self(secret)).status).toBe(401);
    expect((await self(String(second.body.api_key))).status).toBe(200);
    const last = await call(org.admin, 'POST', `/${id}/rotate`);
    for (const gone of [secret, second.body.api_key, third.body.api_key])
      expect((await self(String(gone))).status).toBe(401);
    expect((await self(String(last.body.api_key))).status).toBe(200);
    for (const overlap of [-1, 1.5, 604_801, '5'])
      expect((await call(org.admin, 'POST', `/${id}/rotate`, { overlap_seconds: overlap })).status).toBe(400);
  });

  it('are gone once revoked, and cannot come back', async () => {
    const { id, secret } = await makeKey(world, org.member.token);
    await takeAuditEvents(world);
    expect((await call(org.member, 'DELETE', `/${id}`)).status).toBe(204);
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.apikey.revoked.v1',
    ]);
    expect((await call(org.member, 'GET', `/${id}`)).status).toBe(404);
    expect((await call(org.member, 'DELETE', `/${id}`)).status).toBe(404);
    expect((await world.call('GET', '/v1/manage/apikey/self', { token: secret })).status).toBe(401);
    const sha256 = createHash('sha256').update(secret).digest('hex');
    const again = await call(other.admin, 'POST', '/import', { name: 'k', sha256 });
    expect([again.status, again.error?.param]).toEqual([409, 'sha256']);
  });

  it('of other gateways are imported by their SHA-256', async () => {
    const foreign = `sk-or-${randomBytes(16).toString('hex')}`;
    const sha256 = createHash('sha256').update(foreign).digest('hex');
    const made = await call(org.admin, 'POST', '/import', { name: 'imported', sha256: sha256.toUpperCase() });
    expect(made.status).toBe(201);
    expect((await world.call('GET', '/v1/manage/apikey/self', { token: foreign })).body.id).toBe(
      made.body.api_key_id,
    );
    expect((await call(org.admin, 'POST', '/import', { name: 'k', sha256 })).status).toBe(409);
    expect((await call(org.admin, 'POST', '/import', { name: 'k', sha256: 'zz' })).error?.param).toBe(
      'sha256',
    );
    expect((await call(org.auditor, 'POST', '/import', { name: 'k', sha256: 'ab'.repeat(32) })).status).toBe(
      403,
    );
  });

  it('have a limit, labels and an expiry', async () => {
    const { id, secret } = await makeKey(world, org.member.token);
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    expect((await call(org.member, 'POST', `/${id}/limit`, { monthly_limit: '0.000000001' })).status).toBe(
      204,
    );
    expect((await call(org.member, 'POST', `/${id}/label`, { labels: { team: 'red' } })).status).toBe(204);
    expect((await call(org.member, 'POST', `/${id}/expiry`, { expires_at: expiresAt })).status).toBe(204);
    const { body } = await call(org.member, 'GET', `/${id}`);
    expect(body).toMatchObject({
      monthly_limit: '0.000000001',
      labels: { team: 'red' },
      expires_at: expiresAt,
    });
    await takeAuditEvents(world);
    await call(org.member, 'POST', `/${id}/limit`, { monthly_limit: '0.000000001' });
    await call(org.member, 'POST', `/${id}/label`, { labels: { team: 'red' } });
    await call(org.member, 'POST', `/${id}/expiry`, { expires_at: expiresAt });
    expect(await takeAuditEvents(world)).toEqual([]);
    expect((await call(org.member, 'POST', `/${id}/expiry`)).status).toBe(204);
    expect((await call(org.member, 'GET', `/${id}`)).body.expires_at).toBeNull();
    const past = new Date(Date.now() - 1000).toISOString();
    await call(org.member, 'POST', `/${id}/expiry`, { expires_at: past });
    expect((await world.call('GET', '/v1/manage/apikey/self', { token: secret })).status).toBe(401);
    const raised = await call(org.member, 'POST', `/${id}/expiry`, { expires_at: null });
    expect([raised.status, raised.error?.param]).toEqual([400, 'expires_at']);
    expect((await call(org.member, 'POST', `/${id}/rotate`)).status).toBe(404);
  });

  it('show themselves to whoever carries them', async () => {
    const { id, secret } = await makeKey(world, org.member.token);
    const self = await world.call('GET', '/v1/manage/apikey/self', { token: secret });
    expect([self.status, self.body.id]).toEqual([200, id]);
    expect((await world.call('GET', '/v1/manage/apikey/self')).error?.code).toBe('invalid_api_key');
    expect((await world.call('GET', '/v1/manage/apikey/self', { token: org.admin.token })).status).toBe(401);
    expect((await world.call('GET', '/v1/manage/apikey', { token: secret })).status).toBe(401);
  });
});
