import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bounds } from '../domain/bounds.js';
import {
  enableZdr,
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  versionNow,
  type World,
} from '../testing/world.contract.js';
import { makeChange } from './change.js';
import { createSerialQueue } from './serial-queue.js';

describe('a change', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
  });
  afterAll(() => world.close());

  it('has a version of its own, whatever happens at once and on whichever replica', async () => {
    const replicas = [world.replica, world.addReplica(), world.addReplica()];
    const before = await versionNow(world);
    const answers = await Promise.all(
      Array.from({ length: 45 }, (_, n) =>
        world.call('POST', '/v1/manage/apikey', {
          token: org.admin.token,
          body: { name: `key ${n}` },
          replica: replicas[n % 3] as (typeof replicas)[0],
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await versionNow(world)).toBe(before + 45n);
    const rows = await world.superuser`select config_version, array_agg(destination order by ordinal) as to,
      min(ordinal) as first, max(ordinal) as last from config.outbox where config_version > ${before.toString()}
      group by config_version`;
    expect(rows).toHaveLength(45);
    for (const row of rows) expect([row.to, row.first, row.last]).toEqual([['audit', 'accounting'], 0, 1]);
  });

  it('is decided on the role at its own moment, not at that of authentication', async () => {
    const { replica } = world;
    const principal = await replica.authenticator.principal(`Bearer ${org.member.token}`);
    if (principal.kind !== 'user') throw new Error('a user');
    await world.call('PATCH', `/v1/manage/org/member/${org.member.userId}`, {
      token: org.admin.token,
      body: { role: 'auditor' },
    });
    const caller = { principal, correlationId: principal.tokenId };
    const seen = await makeChange(replica.deps, caller, async ({ principal: now }) => now);
    expect([principal.role, seen.kind === 'user' && seen.role]).toEqual(['member', 'auditor']);
    await world.superuser`update config.management_token set revoked_at = now() where id = ${principal.tokenId}`;
    await expect(makeChange(replica.deps, caller, async () => {})).rejects.toMatchObject({
      code: 'caller.invalid_token',
    });
  });

  it('is not taken while the outbox is full, except those that only tighten', async () => {
    const key = await makeKey(world, org.admin.token);
    await world.superuser`insert into config.outbox
      (config_version, ordinal, event_id, destination, method, body, created_at)
      select 1, n, gen_random_uuid(), 'audit', 'append', '', now() from generate_series(1000, ${bounds.outboxRowsMax + 1000}) n`;
    const patch = () =>
      world.call('PATCH', '/v1/manage/org', { token: org.admin.token, body: { name: 'another' } });
    expect((await patch()).error?.code).toBe('overloaded');
    const refused = { token: org.auditor.token, body: { name: 'x' } };
    expect((await world.call('PATCH', '/v1/manage/org', refused)).status).toBe(503);
    const path = `/v1/manage/apikey/${key.id}`;
    expect((await world.call('DELETE', path, { token: org.admin.token })).status).toBe(204);
    expect((await enableZdr(world, org)).status).toBe(202);
    await world.superuser`update config.outbox set sent_at = now() where body = ''`;
    expect((await patch()).status).toBe(200);
  });
});

describe('the serial queue', () => {
  it('runs one task at a time, in order, also after a failure, and takes no more than its bound', async () => {
    const run = createSerialQueue(3);
    const seen: string[] = [];
    const task = (name: string) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (name === 'a') throw new Error('no');
    };
    const all = await Promise.allSettled([run(task('a')), run(task('b')), run(task('c')), run(task('d'))]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected']);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    await expect(run(task('e'))).resolves.toBeUndefined();
  });
});
