import { type Attempt, attemptsOf, type Way } from './attempt.js';
import { bytes, ids, putPayload, telemetryRow } from './seed.js';

const { zdrOrg, openOrg, zdrKey, openKey, zdrTransit, openTransit, zdrInsight, openInsight, fresh } = ids;

const row = (over: Partial<Parameters<typeof telemetryRow>[0]>): string =>
  telemetryRow({ insight: fresh, org: zdrOrg, key: zdrKey, ...over });
const put = putPayload(zdrOrg, fresh, zdrKey, zdrTransit);
const item = `insert into payload.item (org_id, insight_id, api_key_id, wrapped_content_key, at_rest_key_version, nonce,
  ciphertext, policy_version, transit_key_id) values ('${zdrOrg}', '${fresh}', '${zdrKey}', ${bytes(40)}, 1, ${bytes(12)},
  ${bytes(64)}, 1, '${zdrTransit}')`;
const transit = `insert into ingest.transit_key (transit_key_id, org_id, public_key, wrapped_private, wrapped_by)
  values ('${zdrTransit}', '${zdrOrg}', ${bytes(32)}, ${bytes(48)}, ${bytes(16)})`;
const reject = (code: string, hmac: string, topic = 'lethe.insight.payload.v1'): string =>
  `insert into usage.ingest_reject (topic, part, record_offset, ordinal, size_bytes, code, hmac)
    values ('${topic}', 0, 0, 0, 1, '${code}', ${hmac})`;

const rawRequest = (org: string, insight: string): string =>
  `select payload.put_raw_request('${org}', '${insight}', repeat('a', 32), ${bytes(40)}, 1, ${bytes(12)}, 64)`;
const upkeep = "select set_config('app.upkeep', 'on', true)";

/** What no role of accounting but the payload functions' own may do. */
const payloadTables: readonly Way[] = [
  ['write payload by itself', '42501', item],
  ['read payload by itself', '42501', 'select 1 from payload.item'],
  ['change payload', '42501', `update payload.item set org_id = '${openOrg}'`, '23503'],
  ['forget payload', '42501', 'delete from payload.item'],
  ['read transit keys', '42501', 'select wrapped_private from ingest.transit_key'],
  ['make a transit key', '42501', transit],
  ['unseal', '42501', 'update ingest.org_gate set sealed = false, sealed_version = null'],
  [
    'seal at a later version',
    '42501',
    `update ingest.org_gate set sealed_version = 99 where org_id = '${zdrOrg}'`,
  ],
  ['forget the seal', '42501', `delete from ingest.org_gate where org_id = '${zdrOrg}'`],
  ['open a gate beside', '42501', `insert into ingest.org_gate (org_id) values ('${fresh}')`],
  [
    'open the gate by an upsert',
    '42501',
    `insert into ingest.org_gate (org_id) values ('${zdrOrg}') on conflict (org_id) do update set sealed = false`,
  ],
  ['let a key log', '42501', 'update ingest.api_key_copy set logging = true'],
  [
    'move a key',
    '42501',
    `update ingest.api_key_copy set org_id = '${openOrg}' where api_key_id = '${zdrKey}'`,
  ],
  ['write the at-rest key', '42501', `update ingest.at_rest_key set wrapped_key = ${bytes(40, 9)}`],
  ['the at-rest key of another', '42501', `update ingest.at_rest_key set org_id = '${openOrg}'`, '23505'],
  [
    'replace the gate',
    '42501',
    "create or replace function payload.check_gate(p_org uuid) returns void language sql as ''",
  ],
  ['a table beside', '42501', 'create table payload.aside (content text)'],
];

const telemetryRole: readonly Way[] = [
  ...payloadTables,
  ['a raw request', '42501', rawRequest(openOrg, openInsight)],
  ['the way in', '42501', put],
  ['the way in, prepared', '42501', [`prepare p as ${put}`]],
  ['the way in, in a block', '42501', `do $$ begin perform payload.check_gate('${zdrOrg}'); end $$`, 'done'],
  ['payload by copy', '42501', 'copy payload.item to stdout'],
  ['what can be read', '42501', 'select 1 from payload.readable'],
  ['the evidence', '42501', `select payload.evidence('${openOrg}', '${openKey}', '${openTransit}')`],
  ['the at-rest key', '42501', 'select 1 from ingest.at_rest_key'],
  ['the gate', '42501', 'select 1 from ingest.org_gate'],
  ['open an organization', '42501', `select ingest.open_org('${fresh}')`],
  ['content in an audit event', '42501', `select outbox.queue_audit_event('${fresh}', null, 'content')`],
  ['read telemetry', '42501', 'select 1 from usage.event'],
  ['read what it writes', '42501', `${row({})} returning trace_id`],
  ['change telemetry', '42501', "update usage.event set retention_decision = 'payload'"],
  ['forget telemetry', '42501', 'delete from usage.event'],
  [
    'overwrite telemetry',
    '42501',
    `${row({ insight: openInsight })} on conflict (insight_id) do update set org_id = null`,
  ],
  ['a partition by itself', '42501', `insert into usage.event_default select * from usage.event`, '23505'],
  ['a partition of its own', '42501', "select usage.create_month('2031-01-01')"],
  ['content as a tag', '23514', row({ tags: "array['what was said']" })],
  ['content as a long tag', '23514', row({ tags: "array[repeat('a', 65)]" })],
  ['content as many tags', '23514', row({ tags: "array['a','b','c','d','e','f','g','h','i']" })],
  ['content as a model', '23514', row({ model: 'what was said' })],
  ['content as a long model', '23514', row({ model: 'm'.repeat(129) })],
  ['content as an outcome', '23514', row({ outcome: 'What was said' })],
  ['content as a refusal', '23514', reject('what was said', bytes(32))],
  ['content as an hmac', '23514', reject('unknown_org', bytes(33))],
  ['content as a topic', '23514', reject('unknown_org', bytes(32), 'what was said')],
  ['content as an offset', '23514', "insert into usage.consumer_offset values ('what was said', 0, 0)"],
];

const payloadRole: readonly Way[] = [
  ...payloadTables,
  ['a raw request of a sealed organization', 'ZDR02', rawRequest(zdrOrg, zdrInsight)],
  [
    'a raw request, serializable',
    'ZDR03',
    ['begin isolation level serializable', rawRequest(zdrOrg, zdrInsight)],
  ],
  ['a raw request of a payload that is not there', '23503', rawRequest(openOrg, fresh), '23503'],
  ['payload as upkeep', '42501', ['begin', upkeep, 'delete from payload.item']],
  ['payload of a sealed organization', 'ZDR02', put],
  ['the same, repeatable read', 'ZDR03', ['begin isolation level repeatable read', put]],
  ['the same, serializable', 'ZDR03', ['begin isolation level serializable', put]],
  ['the same by default, serializable', 'ZDR03', ["set default_transaction_isolation = 'serializable'", put]],
  ['the same, prepared', 'ZDR02', [`prepare q as ${put}`, 'execute q']],
  ['the same, in a cursor', 'ZDR02', ['begin', `declare c cursor for ${put}`, 'fetch c']],
  [
    'the same, in a block that swallows the refusal',
    '42501',
    `do $$ begin perform payload.check_gate('${zdrOrg}');
    exception when others then insert into payload.item select * from payload.item; end $$`,
  ],
  ['the same, when the lock is let go', 'ZDR02', ['begin', 'select pg_advisory_unlock_all()', put]],
  [
    'the same, when it holds the lock',
    'ZDR02',
    ['begin', `select pg_advisory_xact_lock(77, hashtext('${zdrOrg}'))`, put],
  ],
  ['the same, with another search path', 'ZDR02', ["set search_path = 'payload, public'", put]],
  ['payload of an unknown organization', 'ZDR02', putPayload(fresh, fresh, zdrKey, zdrTransit)],
  ['payload under a key that is not there', '23503', put.replace(zdrOrg, openOrg).replace(', 1, ', ', 99, ')],
  [
    'payload as a content key',
    '23514',
    putPayload(openOrg, fresh, openKey, openTransit).replace(bytes(40), bytes(129)),
  ],
  [
    'evidence of a sealed organization',
    'ZDR02',
    `select payload.evidence('${zdrOrg}', '${zdrKey}', '${zdrTransit}')`,
  ],
  [
    'the transit key of another',
    'nothing',
    `select 1 from payload.evidence('${openOrg}', '${openKey}', '${zdrTransit}') where transit_wrapped is not null`,
    'nothing',
  ],
  ['what can be read', '42501', 'select 1 from payload.readable'],
  ['seal, later than it was', '42501', `select ingest.seal_org('${zdrOrg}', 9)`],
  ['open', '42501', `select ingest.open_org('${zdrOrg}')`],
  ['a key that logs', '42501', `select ingest.put_api_key('${zdrKey}', '${zdrOrg}', null, true, 9)`],
  [
    'a transit key',
    '42501',
    `select ingest.put_transit_key('${zdrOrg}', '${fresh}', ${bytes(32)}, ${bytes(48)}, ${bytes(16)})`,
  ],
  ['telemetry that says payload', '42501', row({})],
  [
    'content as a refusal',
    '23514',
    `select payload.refuse('t', 0, 0, 1, 'what was said', ${bytes(32)}, false, null)`,
  ],
  ['content as an hmac', '23514', `select payload.refuse('t', 0, 0, 1, 'code', ${bytes(99)}, false, null)`],
  ['content as a topic', '23514', "select payload.advance_offset('what was said', 0, 1)"],
  ['content in an audit event', '42501', `select outbox.queue_audit_event('${fresh}', null, 'content')`],
];

const controlRole: readonly Way[] = [
  ...payloadTables,
  ['a raw request', '42501', rawRequest(openOrg, openInsight)],
  ['shred what is not sealed', 'ZDR05', `select ingest.shred_org('${openOrg}')`, 'ZDR05'],
  ['payload as upkeep', '42501', ['begin', upkeep, 'delete from payload.item']],
  [
    'another wrapping key',
    'ZDR04',
    `select ingest.replace_transit_keys(${bytes(16, 1)}, ${bytes(16, 2)}, '{}', '{}')`,
    'ZDR04',
  ],
  ['payload', '42501', put],
  ['what can be read', '42501', 'select 1 from payload.readable'],
  [
    'a transit key of a sealed organization',
    'ZDR02',
    `select ingest.put_transit_key('${zdrOrg}', '${fresh}', ${bytes(32)}, ${bytes(48)}, ${bytes(16)})`,
  ],
  [
    'an at-rest key of a sealed organization',
    'ZDR02',
    `select ingest.put_at_rest_key('${zdrOrg}', 2, ${bytes(40)})`,
  ],
  [
    'seal, repeatable read',
    'ZDR03',
    ['begin isolation level repeatable read', `select ingest.seal_org('${openOrg}', 9)`],
  ],
  [
    'seal, serializable',
    'ZDR03',
    ['begin isolation level serializable', `select ingest.seal_org('${openOrg}', 9)`],
  ],
  [
    'a key, serializable',
    'ZDR03',
    [
      'begin isolation level serializable',
      `select ingest.put_api_key('${zdrKey}', '${zdrOrg}', null, true, 9)`,
    ],
  ],
  ['read telemetry', '42501', 'select 1 from usage.event'],
  ['write telemetry', '42501', row({})],
  ['forget an unsent event', '42501', 'delete from outbox.audit_event', 'nothing'],
  ['an alarm that never rang', '42501', 'update ingest.tripwire set total = 0', 'nothing'],
  ['the at-rest keys', '42501', 'select 1 from ingest.at_rest_key'],
];

const as = (org: string): string => `select set_config('app.org_id', '${org}', true)`;

const readerRole: readonly Way[] = [
  ...payloadTables,
  ['payload as upkeep', 'nothing', ['begin', upkeep, 'select 1 from payload.readable']],
  ['telemetry as upkeep', 'nothing', ['begin', upkeep, 'select 1 from usage.event']],
  ['raw requests as upkeep', 'nothing', ['begin', upkeep, 'select 1 from payload.readable_raw'], 'nothing'],
  ['raw requests by themselves', '42501', 'select 1 from payload.raw_request', 'nothing'],
  ['let the upkeep run', '42501', "select ingest.attest_payloads('0', 10)"],
  ['payload', '42501', put],
  ['payload of nobody in particular', 'nothing', 'select 1 from payload.readable'],
  ['payload of an empty name', 'nothing', ['begin', as(''), 'select 1 from payload.readable']],
  [
    'payload of another',
    'nothing',
    ['begin', as(openOrg), `select 1 from payload.readable where org_id <> '${openOrg}'`],
  ],
  ['payload by a pattern', '22P02', ['begin', as('%'), 'select 1 from payload.readable']],
  ['payload by a list', '22P02', ['begin', as(`${openOrg},${zdrOrg}`), 'select 1 from payload.readable']],
  [
    'payload as the operator',
    'nothing',
    ['begin', "select set_config('app.operator', 'on', true)", 'select 1 from payload.readable'],
  ],
  ['telemetry of nobody in particular', 'nothing', 'select 1 from usage.event'],
  [
    'telemetry of another',
    'nothing',
    ['begin', as(openOrg), `select 1 from usage.event where org_id <> '${openOrg}'`],
  ],
  [
    'telemetry as the operator',
    'nothing',
    ['begin', "select set_config('app.operator', 'on', true)", 'select 1 from usage.event'],
  ],
  ['without row security', '42501', ['set row_security = off', 'select 1 from usage.event']],
  ['keys without row security', '42501', ['set row_security = off', 'select 1 from ingest.at_rest_key']],
  ['a partition by itself', '42501', 'select 1 from usage.event_default'],
  ['at-rest keys of nobody in particular', 'nothing', 'select 1 from ingest.at_rest_key'],
  [
    'at-rest keys of another',
    'nothing',
    ['begin', as(openOrg), `select 1 from ingest.at_rest_key where org_id <> '${openOrg}'`],
  ],
  ['whether a key logs', '42501', 'select logging from ingest.api_key_copy'],
  ['whose keys there are', 'nothing', 'select api_key_id from ingest.api_key_copy'],
  ['the gates', '42501', 'select 1 from ingest.org_gate'],
  ['seal', '42501', `select ingest.seal_org('${openOrg}', 9)`],
  ['write telemetry', '42501', row({})],
  ['what was queued', '42501', 'select 1 from outbox.audit_event', 'nothing'],
  ['the size of refusals', '42501', 'select size_bytes from usage.ingest_reject', 'nothing'],
];

export const accountingAttempts: readonly Attempt[] = [
  ...attemptsOf('lethe_telemetry_w', telemetryRole),
  ...attemptsOf('lethe_payload_w', payloadRole),
  ...attemptsOf('lethe_accounting_control', controlRole),
  ...attemptsOf('lethe_accounting_r', readerRole),
];
