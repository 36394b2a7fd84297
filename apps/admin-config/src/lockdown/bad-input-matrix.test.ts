import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AuditEvent,
  addPerson,
  enableZdr,
  makeKey,
  makeOrg,
  type Person,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';
import { badInputRows, type Who, zdrPath } from './bad-input-rows.contract.js';

describe('bad input under ZDR', () => {
  let world: World;
  let org: TestOrg;
  let people: Readonly<Record<Who, string | undefined>>;
  let fill: (text: string) => string;

  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world, 'sealed');
    const other = await makeOrg(world, 'other');
    const groupAdmin = await addPerson(world, 'sealed', 'member');
    const revoked = await addPerson(world, 'sealed', 'admin');
    const asAdmin = (method: string, path: string, body?: unknown) =>
      world.call(method, path, { token: org.admin.token, body });
    const group = String((await asAdmin('POST', '/v1/manage/group', { name: 'g' })).body.group_id);
    await asAdmin('POST', `/v1/manage/group/${group}/member`, { user_id: groupAdmin.userId, role: 'admin' });
    await asAdmin('DELETE', `/v1/manage/org/member/${revoked.userId}`);
    const key = await makeKey(world, org.admin.token);
    const memberKey = await makeKey(world, org.member.token);
    const otherKey = await makeKey(world, other.admin.token);
    const [secret] = await world.superuser`select encode(sha256, 'hex') as sha256 from config.api_key_secret
      where api_key_id = ${key.id}`;
    const values: Readonly<Record<string, string>> = {
      key: key.id,
      memberKey: memberKey.id,
      otherKey: otherKey.id,
      group,
      admin: org.admin.userId,
      sha256: String(secret?.sha256),
    };
    fill = (text) => text.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
    const tokenOf = ({ token }: Person) => token;
    people = {
      admin: tokenOf(org.admin),
      member: tokenOf(org.member),
      auditor: tokenOf(org.auditor),
      groupAdmin: tokenOf(groupAdmin),
      stranger: tokenOf(other.admin),
      operator: world.operatorToken,
      revoked: tokenOf(revoked),
      nobody: undefined,
    };
    expect((await enableZdr(world, org)).status).toBe(202);
  }, 60_000);
  afterAll(() => world.close());

  /** Every row of every table but what refusals themselves leave. */
  const tables = async (): Promise<string> => {
    const names = await world.superuser`select table_name as name from information_schema.tables
      where table_schema = 'config' and table_name not in ('outbox', 'audit_salt') order by 1`;
    const all = [];
    for (const { name } of names) {
      const rowsOf = await world.superuser`select to_jsonb(t)::text as row
        from ${world.superuser(`config.${String(name)}`)} t order by 1`;
      all.push(`${String(name)}: ${rowsOf.map((each) => String(each.row)).join()}`);
    }
    return all.join('\n');
  };
  const ask = (who: Who, method: string, path: string, body: unknown) => {
    const token = people[who];
    return world.call(method, fill(path), {
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { raw: fill(JSON.stringify(body)) }),
    });
  };
  const short = ({ type, data }: AuditEvent) => [
    type.replace(/^ai\.lethe\.audit\.(.*)\.v1$/, '$1'),
    data.status_id,
    data.unmapped.refusal,
    data.api?.operation,
  ];

  it.each(badInputRows)('$who: $what', async ({ who, call, answer, attempted }) => {
    await takeAuditEvents(world);
    const before = await tables();
    const [method, path, body] = call;
    const { status, error, text } = await ask(who, method, path, body);
    expect([status, error?.type, error?.code]).toEqual(answer);
    expect(text).not.toContain('sealed');
    const refusal = `${answer[1]}.${answer[2]}`;
    expect((await takeAuditEvents(world)).map(short)).toEqual(
      attempted === undefined ? [] : [['change.refused', 2, refusal, attempted]],
    );
    expect(await tables()).toBe(before);
  });

  it.each([
    ['logging', ['PATCH', '/v1/manage/apikey/{key}', { logging: false }]],
    ['debug', ['PATCH', '/v1/manage/apikey/{key}', { debug: false }]],
    ['default logging', ['PATCH', '/v1/manage/org', { default_logging: false }]],
    ['the permission', ['PATCH', '/v1/manage/org', { allow_logging_change: false }]],
  ] as const)(
    'switching %s off, which is off, is a 200 that changes nothing and leaves no event',
    async (_what, call) => {
      await takeAuditEvents(world);
      const before = await tables();
      const [method, path, body] = call;
      expect((await ask('admin', method, path, body)).status).toBe(200);
      expect(await takeAuditEvents(world)).toEqual([]);
      expect(await tables()).toBe(before);
    },
  );

  it('asked again, fifty times at once and ten after another, answers the same and changes nothing', async () => {
    const first = await ask('admin', 'POST', zdrPath, { confirm: 'sealed' });
    await takeAuditEvents(world);
    const before = await tables();
    const again = await Promise.all(
      Array.from({ length: 50 }, () => ask('admin', 'POST', zdrPath, { confirm: 'sealed' })),
    );
    for (let n = 0; n < 10; n++) again.push(await ask('admin', 'POST', zdrPath, { confirm: 'sealed' }));
    expect(new Set(again.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set([`${first.status} ${first.text}`]),
    );
    expect(await takeAuditEvents(world)).toEqual([]);
    expect(await tables()).toBe(before);
  });

  it('the first time, fifty at once, gives one version and one event', async () => {
    const slug = `fresh-${randomBytes(3).toString('hex')}`;
    const { admin } = await makeOrg(world, slug);
    await takeAuditEvents(world);
    const call = { token: admin.token, body: { confirm: slug } };
    const answers = await Promise.all(Array.from({ length: 50 }, () => world.call('POST', zdrPath, call)));
    expect(new Set(answers.map(({ body }) => JSON.stringify([body.version, body.zdr_enabled_at]))).size).toBe(
      1,
    );
    expect((await takeAuditEvents(world)).map((event) => short(event)[0])).toEqual(['zdr.enabled']);
  });

  it('of what callers sent, nothing is in a log line', () => {
    expect(world.logLines.join('')).not.toContain('override');
  });

  it('would see a change: without ZDR the same rows change tables', async () => {
    const { admin } = await makeOrg(world, 'free');
    const { id } = await makeKey(world, admin.token);
    const before = await tables();
    const call = { token: admin.token, body: { logging: true } };
    expect((await world.call('PATCH', `/v1/manage/apikey/${id}`, call)).status).toBe(200);
    expect(await tables()).not.toBe(before);
    await takeAuditEvents(world);
    // And there a field that is not known is no attempt at anything.
    const unknown = { token: admin.token, body: { zdr: false } };
    expect((await world.call('PATCH', '/v1/manage/org', unknown)).status).toBe(400);
    expect(await takeAuditEvents(world)).toEqual([]);
  });
});
