import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWorld, type World } from '../testing/world.contract.js';

const canary = 'canary-51b0d2';
/** A slug and the key of a registered field stand in events: documented, and bounded identifiers. */
const documented = 'documented-51b0d2';

/** Every table and column of the schema, as text. */
const everythingStored = async (world: World, table: string): Promise<string> => {
  const rows = await world.superuser.unsafe(`select to_jsonb(t)::text as row from config.${table} t`);
  return rows.map(({ row }) => String(row)).join('\n');
};

describe('what callers write', () => {
  let world: World;
  let adminToken: string;

  beforeAll(async () => {
    world = await startWorld();
    const { operatorToken } = world;
    const operator = (path: string, body: unknown) =>
      world.call('POST', `/v1/operator${path}`, { token: operatorToken, body });
    await operator('/org', { slug: documented, name: `${canary} org` });
    const admin = await operator(`/org/${documented}/member`, {
      name: `${canary} admin`,
      role: 'admin',
      email: `${canary}@example.org`,
    });
    const token = await operator(`/org/${documented}/token`, {
      user_id: admin.body.user_id,
      name: `${canary} token`,
    });
    await operator(`/org/${documented}/apikey`, { name: `${canary} key`, owner_user_id: admin.body.user_id });
    adminToken = String(token.body.token);
  });
  afterAll(() => world.close());

  const call = (method: string, path: string, body?: unknown, token = adminToken) =>
    world.call(method, path, { token, ...(body === undefined ? {} : { body }) });

  it('stands in the rows it was written to, and in no event, call or log line', async () => {
    const sha256 = createHash('sha256').update(canary).digest('hex');
    await call('PATCH', '/v1/manage/org', { name: `${canary} renamed`, default_logging: true });
    const member = await call('POST', '/v1/manage/org/member', { name: `${canary} member`, role: 'member' });
    await call('PATCH', `/v1/manage/org/member/${member.body.user_id}`, { role: 'auditor' });
    const group = await call('POST', '/v1/manage/group', { name: `${canary} group` });
    await call('POST', `/v1/manage/group/${group.body.group_id}/member`, {
      user_id: member.body.user_id,
      role: 'member',
    });
    await call('POST', '/v1/manage/field', {
      key: documented,
      type: 'listed',
      listed_values: [`${canary}.v`],
    });
    const key = await call('POST', '/v1/manage/apikey', {
      name: `${canary} k`,
      group_id: group.body.group_id,
    });
    const path = `/v1/manage/apikey/${key.body.api_key_id}`;
    await call('PATCH', path, { name: `${canary} k2`, logging: false, debug: true });
    await call('POST', `${path}/label`, { labels: { [`${canary}-l`]: `${canary}-v` } });
    await call('POST', `${path}/rotate`, {});
    await call('POST', '/v1/manage/apikey/import', { name: `${canary} i`, sha256 });
    const stored = await Promise.all(
      ['organization', 'app_user', 'user_group', 'api_key', 'management_token', 'registered_field'].map(
        (table) => everythingStored(world, table),
      ),
    );
    for (const text of stored) expect(text).toContain(canary);
    await expectNoTrace();
  });

  it('leaves no trace when it is refused or wrong', async () => {
    await call('POST', '/v1/manage/org/zdr', { confirm: `${canary}-wrong` });
    await call('POST', '/v1/manage/apikey', { [canary]: canary });
    await call('POST', '/v1/manage/apikey', { name: 'x', group_id: canary });
    await call('POST', '/v1/manage/apikey/import', { name: 'x', sha256: canary });
    await call('GET', `/v1/manage/apikey?cursor=${canary}`);
    await call('GET', `/v1/manage/apikey/${canary}`);
    await call('DELETE', `/v1/manage/field/${canary}-none`);
    await call('PATCH', `/v1/manage/org/member/${canary}`, { role: canary });
    await call('POST', '/v1/operator/org', { slug: `${canary}_`, name: canary }, world.operatorToken);
    await call('POST', '/v1/operator/org', { slug: documented, name: canary }, world.operatorToken);
    await call('GET', '/v1/manage/org', undefined, `lethe_mgmt_${canary}`);
    await call('GET', '/v1/manage/apikey/self', undefined, canary);
    await world.call('POST', '/v1/manage/apikey', { token: adminToken, raw: `{"name": "${canary}` });
    await expectNoTrace();
  });

  it('leaves no trace when the database fails over it', async () => {
    await world.superuser`alter table config.api_key add constraint broken check (name not like 'canary%')
      not valid`;
    const refused = await call('POST', '/v1/manage/apikey', { name: `${canary} x` });
    expect([refused.status, refused.error?.code]).toEqual([500, 'internal']);
    expect(refused.text).not.toContain(canary);
    expect(world.logLines.some((line) => line.includes('"sqlState":"23514"'))).toBe(true);
    await expectNoTrace();
  });

  it('goes along into ZDR without a trace', async () => {
    await world.superuser`alter table config.api_key drop constraint broken`;
    const enabled = await call('POST', '/v1/manage/org/zdr', { confirm: documented });
    expect(enabled.status).toBe(202);
    await expectNoTrace();
  });

  const expectNoTrace = async (): Promise<void> => {
    const rows = await world.superuser<{ body: Buffer }[]>`select body from config.outbox`;
    expect(rows.length).toBeGreaterThan(10);
    const sent = Buffer.concat(rows.map(({ body }) => body));
    const hash = createHash('sha256').update(canary);
    for (const needle of [Buffer.from(canary), hash.digest()]) expect(sent.includes(needle)).toBe(false);
    expect(sent.includes(documented)).toBe(true);
    expect(world.logLines.join('')).not.toContain(canary);
  };
});
