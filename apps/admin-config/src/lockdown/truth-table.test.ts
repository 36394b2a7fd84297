import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import table from '@lethe/zdr-policy/truth-table.json' with { type: 'json' };
import {
  addPerson,
  makeKey,
  makeOrg,
  type Person,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

// The shared truth table through this layer's own code: REST, use-case, lockdown, a real database. The protections in
// the database are taken away here, so that rows they make impossible can be set up and the code answers alone.

type Row = readonly (string | boolean | null)[];

const named = (columns: readonly string[], row: Row): Readonly<Record<string, string | boolean | null>> =>
  Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]));

const answers: Readonly<Record<string, readonly [number, string | undefined]>> = {
  allowed: [200, undefined],
  no_change: [200, undefined],
  zdr_irrevocable: [403, 'org_policy.zdr_irrevocable'],
  logging_change_disallowed: [403, 'org_policy.logging_change_disallowed'],
  not_permitted: [403, 'caller.forbidden'],
};

describe('the truth table in admin-config', () => {
  let world: World;
  let org: TestOrg;
  let people: Record<string, Person>;
  let keys: Record<string, string>;

  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world, 'acme');
    const groupAdmin = await addPerson(world, 'acme', 'member');
    const group = await world.call('POST', '/v1/manage/group', {
      token: org.admin.token,
      body: { name: 'group' },
    });
    await world.call('POST', `/v1/manage/group/${group.body.group_id}/member`, {
      token: org.admin.token,
      body: { user_id: groupAdmin.userId, role: 'admin' },
    });
    const stranger = await addPerson(world, 'acme', 'member');
    people = { admin: org.admin, member: org.member, auditor: org.auditor, group_admin: groupAdmin };
    const auditorsKey = await makeKey(world, stranger.token);
    await world.superuser`alter table config.api_key disable trigger user`;
    await world.superuser`update config.api_key set owner_user_id = ${org.auditor.userId} where id = ${auditorsKey.id}`;
    keys = {
      admin: (await makeKey(world, org.admin.token)).id,
      member: (await makeKey(world, org.member.token)).id,
      auditor: auditorsKey.id,
      group_admin: (await makeKey(world, org.admin.token, { group_id: group.body.group_id })).id,
      stranger: (await makeKey(world, stranger.token)).id,
    };
    await world.superuser`alter table config.organization disable trigger user`;
    await world.superuser`alter table config.organization drop constraint zdr_locks`;
  });
  afterAll(() => world.close());

  const setOrg = (state: { zdr: boolean; allow?: boolean; defaultLogging?: boolean }) =>
    world.superuser`update config.organization set
      zdr_enabled_at = ${state.zdr ? new Date() : null}, zdr_version = ${state.zdr ? 1 : null},
      zdr_keys_forced_off = ${state.zdr ? 0 : null}, zdr_event_id = ${state.zdr ? org.id : null},
      allow_logging_change = ${state.allow ?? true}, default_logging = ${state.defaultLogging ?? false}
      where id = ${org.id}`;

  const outcome = (answer: { status: number; error: { type: string; code: string } | undefined }) => [
    answer.status,
    answer.error && `${answer.error.type}.${answer.error.code}`,
  ];

  it.each(table.loggingChange.rows.map((row) => named(table.loggingChange.columns, row)))(
    'loggingChange %j',
    async ({ actor, ownsKey, allowLoggingChange, zdr, field, from, to, expected }) => {
      const key = keys[ownsKey === true ? String(actor) : 'stranger'] as string;
      await setOrg({ zdr: zdr === true, allow: allowLoggingChange === true });
      await world.superuser`update config.api_key set logging = false, debug = false where id = ${key}`;
      await world.superuser`update config.api_key set ${world.superuser(String(field))} = ${from === true}
        where id = ${key}`;
      await takeAuditEvents(world);
      const answer = await world.call('PATCH', `/v1/manage/apikey/${key}`, {
        token: (people[String(actor)] as Person).token,
        body: { [String(field)]: to },
      });
      expect(outcome(answer)).toEqual(answers[String(expected)]);
      const [row] = await world.superuser`select ${world.superuser(String(field))} as flag from config.api_key
        where id = ${key}`;
      expect(row?.flag).toBe(expected === 'allowed' ? to : from);
      const types = (await takeAuditEvents(world)).map(({ type }) => type);
      expect(types).toHaveLength(expected === 'no_change' ? 0 : 1);
      expect(types.includes('ai.lethe.audit.change.refused.v1')).toBe(answer.status === 403);
    },
  );

  it.each(table.keyCreation.rows.map((row) => named(table.keyCreation.columns, row)))(
    'keyCreation %j',
    async ({ zdr, defaultLogging, logging }) => {
      await setOrg({ zdr: zdr === true, defaultLogging: defaultLogging === true });
      for (const { token } of [org.admin, org.member]) {
        const { id } = await makeKey(world, token);
        const { body } = await world.call('GET', `/v1/manage/apikey/${id}`, { token });
        expect([body.logging, body.debug]).toEqual([logging, false]);
      }
      const imported = await world.call('POST', '/v1/manage/apikey/import', {
        token: org.admin.token,
        body: { name: 'i', sha256: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex') },
      });
      const { body } = await world.call('GET', `/v1/manage/apikey/${imported.body.api_key_id}`, {
        token: org.admin.token,
      });
      expect(body.logging).toBe(logging);
    },
  );

  const confirmations: Readonly<Record<string, string>> = { equal: 'acme', different: 'acme-2', empty: '' };
  const enableAnswers: Readonly<Record<string, readonly [number, string | undefined]>> = {
    allowed: [202, undefined],
    confirmation_mismatch: [400, 'caller.confirmation_mismatch'],
    not_permitted: [403, 'caller.forbidden'],
  };

  it.each(table.zdrEnable.rows.map((row) => named(table.zdrEnable.columns, row)))(
    'zdrEnable %j',
    async ({ actor, confirmation, expected }) => {
      await setOrg({ zdr: false });
      const answer = await world.call('POST', '/v1/manage/org/zdr', {
        token: (people[String(actor)] as Person).token,
        body: { confirm: confirmations[String(confirmation)] },
      });
      expect(outcome(answer)).toEqual(enableAnswers[String(expected)]);
      const [row] = await world.superuser`select zdr_enabled_at is not null as zdr from config.organization
        where id = ${org.id}`;
      expect(row?.zdr).toBe(expected === 'allowed');
    },
  );
});
