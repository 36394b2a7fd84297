import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { accounting, uuidText } from '@lethe/contracts';
import {
  enableZdr,
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAccountingCalls,
  takeAuditEvents,
  versionNow,
  type World,
} from '../testing/world.contract.js';

describe('enabling ZDR', () => {
  let world: World;
  let org: TestOrg;
  let keyIds: string[];
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    org = await makeOrg(world);
    await world.call('PATCH', '/v1/manage/org', { token: org.admin.token, body: { default_logging: true } });
    const quiet = await makeKey(world, org.admin.token, { logging: false });
    const logging = await makeKey(world, org.member.token);
    const debug = await makeKey(world, org.admin.token, { logging: false });
    await world.call('PATCH', `/v1/manage/apikey/${debug.id}`, {
      token: org.admin.token,
      body: { debug: true },
    });
    keyIds = [quiet.id, logging.id, debug.id];
    await takeAuditEvents(world);
    await takeAccountingCalls(world);
  });

  const state = async (): Promise<Record<string, unknown>> => {
    const [row] = await world.superuser`select default_logging, allow_logging_change,
      zdr_enabled_at is not null as zdr from config.organization where id = ${org.id}`;
    const [keys] = await world.superuser`select count(*)::int as n from config.api_key
      where org_id = ${org.id} and (logging or debug)`;
    return { ...row, keysOn: keys?.n };
  };

  it('changes everything in one version', async () => {
    const before = await versionNow(world);
    const { status, body } = await enableZdr(world, org);
    expect(status).toBe(202);
    expect(body).toMatchObject({
      state: 'committed_pending',
      version: Number(before) + 1,
      effective_at: null,
      routers: { acknowledged: null, lapsed: null },
      keys_forced_off: 2,
      audit: { proof: null },
    });
    expect(await versionNow(world)).toBe(before + 1n);
    expect(await state()).toEqual({
      default_logging: false,
      allow_logging_change: false,
      zdr: true,
      keysOn: 0,
    });
    const [event, ...rest] = await takeAuditEvents(world);
    expect(rest).toEqual([]);
    expect(event?.type).toBe('ai.lethe.audit.zdr.enabled.v1');
    expect({ event_id: event?.id, proof: null }).toEqual(body.audit);
    const read = await world.call('GET', '/v1/manage/org/zdr', { token: org.auditor.token });
    expect(read.body).toEqual({
      state: 'committed_pending',
      version: body.version,
      zdr_enabled_at: body.zdr_enabled_at,
      effective_at: null,
      routers: { acknowledged: null, lapsed: null },
      barrier: null,
      history: null,
      keys_forced_off: 2,
      audit: { event_id: event?.id, proof: null },
    });
  });

  it('tells accounting to seal the organization, then that every key is quiet', async () => {
    const { body } = await enableZdr(world, org);
    const [seal, put, ...rest] = await takeAccountingCalls(world);
    expect([seal?.method, put?.method, rest]).toEqual(['seal_org', 'put_api_keys', []]);
    const sealed = accounting.SealOrgRequest.decode(seal?.body as Buffer);
    expect([uuidText(sealed.orgId), Number(sealed.version)]).toEqual([org.id, body.version]);
    const { apiKeys } = accounting.PutApiKeysRequest.decode(put?.body as Buffer);
    expect(apiKeys.map((key) => uuidText(key.apiKeyId)).sort()).toEqual([...keyIds].sort());
    expect(apiKeys.some((key) => key.logging)).toBe(false);
  });

  it('says the same to everyone who asks again, at once and over two replicas', async () => {
    const replicas = [world.replica, world.addReplica()];
    const before = await versionNow(world);
    const asked = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        world.call('POST', '/v1/manage/org/zdr', {
          token: org.admin.token,
          body: { confirm: org.slug },
          replica: replicas[index % 2] as (typeof replicas)[0],
        }),
      ),
    );
    const again = await enableZdr(world, org);
    expect(new Set([...asked, again].map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set([...asked, again].map(({ text }) => text)).size).toBe(1);
    expect(again.body.keys_forced_off).toBe(2);
    expect(await versionNow(world)).toBe(before + 1n);
    expect(await takeAuditEvents(world)).toHaveLength(1);
  });

  it('does nothing at all for what is not built yet', async () => {
    const before = await versionNow(world);
    const { status, error } = await world.call('POST', '/v1/manage/org/zdr', {
      token: org.admin.token,
      body: { confirm: org.slug, restrict_models: true },
    });
    expect([status, error?.code, error?.param]).toEqual([501, 'not_implemented', 'restrict_models']);
    expect(await versionNow(world)).toBe(before);
    expect((await state()).zdr).toBe(false);
    expect(await takeAccountingCalls(world)).toEqual([]);
    const [refused, ...more] = await takeAuditEvents(world);
    expect(more).toEqual([]);
    expect(refused?.data.unmapped).toMatchObject({
      refusal: 'gateway.not_implemented',
      before: { zdr: false },
      after: { zdr: true, restrict_models: true },
    });
  });

  it('takes the wish to shred with the commitment, and never later', async () => {
    const ask = (shred_history: boolean) =>
      world.call('POST', '/v1/manage/org/zdr', {
        token: org.admin.token,
        body: { confirm: org.slug, shred_history },
      });
    const { status, body } = await ask(true);
    expect([status, body.history]).toEqual([202, { shredded_at: null, backups_hold_key_until: null }]);
    const [seal] = await takeAccountingCalls(world);
    expect(accounting.SealOrgRequest.decode(seal?.body as Buffer).shredHistory).toBe(true);
    const [enabled] = await takeAuditEvents(world);
    expect(enabled?.data.unmapped.after).toMatchObject({ shred_history: true });
    for (const again of [true, false]) expect((await ask(again)).body.history).toEqual(body.history);

    org = await makeOrg(world);
    await enableZdr(world, org);
    await takeAuditEvents(world);
    const late = await ask(true);
    expect([late.status, late.error?.code, late.error?.param]).toEqual([409, 'conflict', 'shred_history']);
    const [refused] = await takeAuditEvents(world);
    expect(refused?.data.unmapped).toMatchObject({
      refusal: 'caller.conflict',
      before: { zdr: true, shred_history: false },
      after: { zdr: true, shred_history: true },
    });
  });

  it('is refused to others and to a wrong confirmation, with an event each', async () => {
    const ask = (token: string, confirm: string) =>
      world.call('POST', '/v1/manage/org/zdr', { token, body: { confirm } });
    expect((await ask(org.member.token, org.slug)).status).toBe(403);
    expect((await ask(org.auditor.token, org.slug)).status).toBe(403);
    const mismatch = await ask(org.admin.token, 'another');
    expect([mismatch.status, mismatch.error?.code, mismatch.error?.param]).toEqual([
      400,
      'confirmation_mismatch',
      'confirm',
    ]);
    const refusals = (await takeAuditEvents(world)).map(({ data }) => data.unmapped.refusal);
    expect(refusals).toEqual(['caller.forbidden', 'caller.forbidden', 'caller.confirmation_mismatch']);
    expect((await state()).zdr).toBe(false);
  });

  it.each(['DELETE', 'PUT', 'PATCH'])('has no %s', async (method) => {
    const { status, error, headers } = await world.call(method, '/v1/manage/org/zdr', {
      token: org.admin.token,
      body: {},
    });
    expect([status, error?.code]).toEqual([405, 'method_not_allowed']);
    expect(headers.get('allow')).toBe('GET, POST');
  });

  it('locks what could log again, for the admin too, and keeps the rest working', async () => {
    await enableZdr(world, org);
    await takeAuditEvents(world);
    const token = org.admin.token;
    const attempts: readonly [string, string, unknown][] = [
      ['PATCH', '/v1/manage/org', { default_logging: true }],
      ['PATCH', '/v1/manage/org', { allow_logging_change: true }],
      ['PATCH', `/v1/manage/apikey/${keyIds[0]}`, { logging: true }],
      ['PATCH', `/v1/manage/apikey/${keyIds[0]}`, { debug: true }],
      ['POST', '/v1/manage/apikey', { name: 'k', logging: true }],
      ['POST', '/v1/manage/apikey/import', { name: 'k', sha256: 'ab'.repeat(32), logging: true }],
    ];
    for (const [method, path, body] of attempts) {
      const { status, error } = await world.call(method, path, { token, body });
      expect([method, path, status, error?.type, error?.code]).toEqual([
        method,
        path,
        403,
        'org_policy',
        'zdr_irrevocable',
      ]);
    }
    const operators = await world.call('POST', `/v1/operator/org/${org.slug}/apikey`, {
      token: world.operatorToken,
      body: { name: 'k', owner_user_id: org.admin.userId, logging: true },
    });
    expect([operators.status, operators.error?.code]).toEqual([403, 'zdr_irrevocable']);
    const refused = await takeAuditEvents(world);
    expect(refused.map(({ data }) => data.unmapped.refusal)).toEqual(
      Array.from({ length: 7 }, () => 'org_policy.zdr_irrevocable'),
    );
    for (const body of [{ logging: false }, { debug: false }, { name: 'renamed' }])
      expect((await world.call('PATCH', `/v1/manage/apikey/${keyIds[0]}`, { token, body })).status).toBe(200);
    const made = await makeKey(world, org.member.token);
    const { body } = await world.call('GET', `/v1/manage/apikey/${made.id}`, { token });
    expect([body.logging, body.debug]).toEqual([false, false]);
  });

  it('leaves nothing half done when the database dies in the middle', async () => {
    const { superuser } = world;
    const before = await state();
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const blocking = superuser.begin(async (sql) => {
      await sql`lock table config.outbox in exclusive mode`;
      await held;
    });
    const asked = enableZdr(world, org);
    const waiting = async () => {
      const [row] = await superuser`select pid from pg_stat_activity
        where application_name = 'lethe-admin-config' and wait_event_type = 'Lock'`;
      return row?.pid as number | undefined;
    };
    let pid = await waiting();
    while (pid === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      pid = await waiting();
    }
    await superuser`select pg_terminate_backend(${pid})`;
    const { status } = await asked;
    letGo();
    await blocking;
    expect(status).toBe(503);
    expect(await state()).toEqual(before);
    expect(await takeAuditEvents(world)).toEqual([]);
    expect((await enableZdr(world, org)).status).toBe(202);
    expect((await state()).keysOn).toBe(0);
  });
});
