import { type Attempt, attemptsOf, type Way } from './attempt.js';
import { bytes, ids } from './seed.js';

const { zdrOrg, openOrg, zdrUser, zdrKey, openKey, openGroup, openTransit, fresh } = ids;
const org = 'update config.organization set';
const key = 'update config.api_key set';
const newKey = (orgId: string, flags: string, group = 'null'): string =>
  `insert into config.api_key (id, org_id, owner_user_id, group_id, name, logging, debug, created_at)
    values ('${fresh}', '${orgId}', '${zdrUser}', ${group}, 'k', ${flags}, now())`;

/** Reversing ZDR by the organization's own row. */
const reverse: readonly Way[] = [
  ['ZDR null', 'ZDR01', `${org} zdr_enabled_at = null where id = '${zdrOrg}'`],
  [
    'all of ZDR null',
    'ZDR01',
    `${org} zdr_enabled_at = null, zdr_version = null, zdr_keys_forced_off = null, zdr_event_id = null
      where id = '${zdrOrg}'`,
  ],
  ['an earlier moment', 'ZDR01', `${org} zdr_enabled_at = '2000-01-01' where id = '${zdrOrg}'`],
  ['a later moment', 'ZDR01', `${org} zdr_enabled_at = 'infinity' where id = '${zdrOrg}'`],
  ['another version', 'ZDR01', `${org} zdr_version = zdr_version + 1 where id = '${zdrOrg}'`],
  ['another event', 'ZDR01', `${org} zdr_event_id = '${fresh}' where id = '${zdrOrg}'`],
  ['the wish to shred, later', 'ZDR01', `${org} zdr_shred_history = true where id = '${zdrOrg}'`],
  [
    'an upsert',
    'ZDR01',
    `insert into config.organization (id, slug, name, user_pseudonym_key, created_at)
      values ('${zdrOrg}', 'x', 'x', ${bytes(32)}, now()) on conflict (id) do update set zdr_enabled_at = null`,
  ],
  [
    'a merge',
    'ZDR01',
    `merge into config.organization o using (select 1) s on o.id = '${zdrOrg}' when matched then
      update set zdr_enabled_at = null`,
  ],
  [
    'a merge that deletes',
    '42501',
    `merge into config.organization o using (select 1) s on o.id = '${zdrOrg}' when matched then delete`,
    '23503',
  ],
  [
    'inside a query',
    'ZDR01',
    `with gone as (${org} zdr_enabled_at = null returning id) select count(*) from gone`,
  ],
  [
    'a prepared statement',
    'ZDR01',
    ['prepare p as update config.organization set zdr_enabled_at = null', 'execute p'],
  ],
  [
    'a cursor',
    'ZDR01',
    [
      'begin',
      `declare c cursor for select * from config.organization where id = '${zdrOrg}' for update`,
      'fetch c',
      `${org} zdr_enabled_at = null where current of c`,
    ],
  ],
  ['a block', 'ZDR01', `do $$ begin ${org} zdr_enabled_at = null where id = '${zdrOrg}'; end $$`],
  [
    'a block that swallows the refusal',
    'nothing',
    [
      `do $$ begin ${org} zdr_enabled_at = null; exception when others then null; end $$`,
      "select 1 from config.organization where slug = 'sealed' and zdr_enabled_at is null",
    ],
  ],
  [
    'serializable',
    'ZDR01',
    ['begin isolation level serializable', `${org} zdr_enabled_at = null where id = '${zdrOrg}'`],
  ],
  [
    'repeatable read',
    'ZDR01',
    ['begin isolation level repeatable read', `${org} zdr_enabled_at = null where id = '${zdrOrg}'`],
  ],
  [
    'off and on again in one transaction',
    'ZDR01',
    ['begin', 'set constraints all deferred', `${org} zdr_enabled_at = null where id = '${zdrOrg}'`],
  ],
  ['default logging', '23514', `${org} default_logging = true where id = '${zdrOrg}'`],
  ['the permission to change logging', '23514', `${org} allow_logging_change = true where id = '${zdrOrg}'`],
  ['delete the organization', '42501', `delete from config.organization where id = '${zdrOrg}'`, '23503'],
  ['another id', '42501', `${org} id = '${fresh}' where id = '${zdrOrg}'`, '23503'],
  ['another slug', '42501', `${org} slug = 'renamed' where id = '${zdrOrg}'`],
  ['another pseudonym key', '42501', `${org} user_pseudonym_key = ${bytes(32)} where id = '${zdrOrg}'`],
  [
    'the id once more',
    '23505',
    `insert into config.organization (id, slug, name, user_pseudonym_key, created_at)
      values ('${zdrOrg}', 'again', 'x', ${bytes(32)}, now())`,
    '23505',
  ],
  [
    'the slug once more',
    '23505',
    `insert into config.organization (id, slug, name, user_pseudonym_key, created_at)
      values ('${fresh}', 'sealed', 'x', ${bytes(32)}, now())`,
    '23505',
  ],
];

/** Logging, debug and keys under ZDR. */
const keys: readonly Way[] = [
  ['logging on a key', 'ZDR03', `${key} logging = true where id = '${zdrKey}'`],
  ['debug on a key', 'ZDR03', `${key} debug = true where id = '${zdrKey}'`],
  ['logging on all keys', 'ZDR03', `${key} logging = true`],
  [
    'logging, serializable',
    'ZDR03',
    ['begin isolation level serializable', `${key} logging = true where id = '${zdrKey}'`],
  ],
  [
    'logging after a savepoint',
    'ZDR03',
    ['begin', 'savepoint s', `${key} logging = true where id = '${zdrKey}'`],
  ],
  [
    'logging with another search path',
    'ZDR03',
    ["set search_path = 'public'", `${key} logging = true where id = '${zdrKey}'`],
  ],
  ['a new key that logs', 'ZDR03', newKey(zdrOrg, 'true, false')],
  ['a new key with debug', 'ZDR03', newKey(zdrOrg, 'false, true')],
  ['a key of a person elsewhere', '23503', newKey(openOrg, 'true, false'), '23503'],
  ['a key in a group elsewhere', '23503', newKey(zdrOrg, 'false, false', `'${openGroup}'`), '23503'],
  ['move a key out', '42501', `${key} org_id = '${openOrg}' where id = '${zdrKey}'`, '23503'],
  ['another id for a key', '42501', `${key} id = '${fresh}' where id = '${zdrKey}'`, '23503'],
  ['delete a key', '42501', `delete from config.api_key where id = '${zdrKey}'`, '23503'],
  [
    'move a person out',
    '42501',
    `update config.app_user set org_id = '${openOrg}' where id = '${zdrUser}'`,
    '23503',
  ],
  [
    'move a secret',
    '42501',
    `update config.api_key_secret set api_key_id = '${openKey}' where api_key_id = '${zdrKey}'`,
  ],
  ['free a secret', '42501', `delete from config.api_key_secret where api_key_id = '${zdrKey}'`],
  [
    'a secret for a second key',
    '23505',
    `insert into config.api_key_secret (sha256, api_key_id, created_at) values (${bytes(32, 1)}, '${openKey}', now())`,
    '23505',
  ],
  [
    'a secret taken over by an upsert',
    '42501',
    `insert into config.api_key_secret (sha256, api_key_id, created_at) values (${bytes(32, 1)}, '${openKey}', now())
      on conflict (sha256) do update set api_key_id = excluded.api_key_id`,
  ],
  [
    'a transit key',
    'ZDR05',
    `insert into config.transit_key (transit_key_id, org_id, public_key, current, config_version, created_at)
      values ('${fresh}', '${zdrOrg}', ${bytes(32)}, true, 1, now())`,
  ],
  [
    'a transit key of another',
    '42501',
    `update config.transit_key set org_id = '${zdrOrg}' where transit_key_id = '${openTransit}'`,
  ],
];

/** The versions, leases, guards and events that ZDR rests on. */
const foundations: readonly Way[] = [
  ['set the version back', 'ZDR06', 'update config.config_version set version = 1'],
  ['skip versions', 'ZDR06', 'update config.config_version set version = version + 2'],
  ['no version', '42501', 'delete from config.config_version'],
  ['a second version', '42501', 'insert into config.config_version values (false, 7)'],
  ['forget an unsent event', 'OBX01', 'delete from config.outbox where sent_at is null'],
  ['another body of an event', '42501', "update config.outbox set body = 'x'"],
  ['forget a tombstone', '42501', 'delete from config.zdr_tombstone'],
  ['change a tombstone', '42501', "update config.zdr_tombstone set enabled_at = 'infinity'"],
  [
    'overwrite a tombstone',
    '42501',
    `insert into config.zdr_tombstone (org_id, enabled_at, event_id, detected_at)
      values ('${zdrOrg}', now(), '${fresh}', now()) on conflict (org_id) do update set event_id = excluded.event_id`,
  ],
  ['lift a guard', 'GRD01', 'delete from config.zdr_guard'],
  [
    'lower a guard, to lift it',
    'GRD01',
    ['update config.zdr_guard set seen_version = 0', 'delete from config.zdr_guard'],
  ],
  ['rename a guard', '42501', "update config.zdr_guard set reason = 'anchors_ahead'"],
  [
    'write a lease',
    '42501',
    `insert into config.router_lease values ('router-2', ${bytes(16)}, 1, 1, 1, 1, 1, false)`,
  ],
  ['release every lease', '42501', 'update config.router_lease set released = true'],
  ['acknowledge for a router', '42501', 'update config.router_lease set acked_version = 1000'],
  ['forget every lease', '42501', 'delete from config.router_lease'],
  ['call a guard', '42501', 'select config.guard_organization()', '0A000'],
  [
    'replace a guard',
    '42501',
    "create or replace function config.guard_organization() returns trigger language plpgsql as 'begin return new; end'",
  ],
  ['unpin a guard', '42501', 'alter function config.guard_organization() reset search_path'],
  ['drop a guard', '42501', 'drop function config.guard_organization() cascade'],
  ['drop the check', '42501', 'alter table config.organization drop constraint zdr_locks', '42704'],
  ['a view over a table', '42501', 'create view config.organizations as select * from config.organization'],
];

export const configAttempts: readonly Attempt[] = attemptsOf('lethe_admin', [
  ...reverse,
  ...keys,
  ...foundations,
]);
