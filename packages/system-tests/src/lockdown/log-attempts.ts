import { type Attempt, attemptsOf, type Way } from './attempt.js';
import { appendEvent, bytes, emptyRoot, firstRoot, ids } from './seed.js';

const { openOrg, zdrOrg, fresh } = ids;
const payloadTopic = 'lethe.insight.payload.v1';
const auditTopic = 'lethe.audit.events.v1';
const one = (value: string): string => `array[null]::bytea[], array[${value}]::bytea[], array[null]::bytea[]`;
const append = (family: string, topic: string, value = "'x'"): string =>
  `select event_log.append_${family}('${topic}', ${one(value)})`;
const read = (family: string, topic: string): string =>
  `select 1 from event_log.read_${family}('${topic}', 0, 10, 1000000)`;

const auditRole: readonly Way[] = [
  ['rewrite an event', '42501', "update audit.event set body = '{}'"],
  ['forget an event', '42501', 'delete from audit.event', '23503'],
  [
    'write an event beside the log',
    '42501',
    `insert into audit.event (event_id, body, event_type, event_time, actor_id, target_kind, target_id, outcome)
      values ('${fresh}', '{}', 'zdr.enabled', now(), 'a', 'b', 'c', 'success')`,
  ],
  ['another leaf', '42501', `update audit.leaf set leaf_hash = ${bytes(32)}`],
  ['set the log back', '42501', 'update audit.state set size = 0'],
  ['another root', '42501', `update audit.state set root = ${bytes(32)}`],
  ['another checkpoint', '42501', "update audit.checkpoint set note = 'forged'"],
  [
    'a checkpoint beside',
    '42501',
    `insert into audit.checkpoint (size, root, note) values (9, ${bytes(32)}, 'n')`,
  ],
  ['forget a checkpoint', '42501', 'delete from audit.checkpoint'],
  ['publish again', '42501', 'update audit.publish_state set next_idx = 0'],
  ['append under another root', 'AUD08', appendEvent(1, firstRoot, emptyRoot, fresh), 'AUD08'],
  [
    'append, repeatable read',
    'AUD04',
    ['begin isolation level repeatable read', appendEvent(1, firstRoot, emptyRoot, fresh)],
    'AUD08',
  ],
  ['a checkpoint of another log', 'AUD09', `select audit.put_checkpoint(1, ${bytes(32)}, 'n')`, 'AUD09'],
  ['published beyond the end', 'AUD06', 'select audit.mark_published(1000)', 'AUD06'],
  ['events of nobody in particular', 'nothing', 'select 1 from audit.event'],
  [
    'events of another',
    'nothing',
    ['begin', `select set_config('app.org_id', '${openOrg}', true)`, 'select 1 from audit.event'],
  ],
  [
    'leaves of another',
    'nothing',
    [
      'begin',
      `select set_config('app.org_id', '${openOrg}', true)`,
      `select 1 from audit.leaf where org_id = '${zdrOrg}'`,
    ],
  ],
  ['without row security', '42501', ['set row_security = off', 'select 1 from audit.event']],
  ['the internal hash', '42501', 'select audit.root_of(1)'],
  ['call the guard', '42501', 'select audit.refuse_change()', '0A000'],
];

/** What no role of the event log may do. */
const logTables: readonly Way[] = [
  ['read the records', '42501', 'select 1 from event_log.record'],
  [
    'write a record',
    '42501',
    `insert into event_log.record values ('${payloadTopic}', 99, now(), null, 'x', null)`,
  ],
  ['change a record', '42501', "update event_log.record set value = 'x'"],
  ['forget a record', '42501', 'delete from event_log.record'],
  ['keep payload for ever', '42501', 'update event_log.topic set retention = null'],
  ['set a topic back', '42501', 'update event_log.topic set next_offset = 0'],
  ['a larger message', '42501', 'update event_log.topic set max_batch_bytes = 100000000'],
  [
    'the internal way in',
    '42501',
    `select event_log.append_records('insight', '${payloadTopic}', ${one("'x'")})`,
  ],
  ['the internal way out', '42501', `select event_log.read_records('insight', '${payloadTopic}', 0, 1, 1)`],
];

const routerLog: readonly Way[] = [
  ...logTables,
  ['read back what it wrote', '42501', read('insight', payloadTopic)],
  ['how much was written', '42501', `select event_log.bounds_insight('${payloadTopic}')`],
  ['stand for a reader', '42501', `select event_log.claim_insight('${payloadTopic}', 'accounting')`],
  ['an audit event', '42501', append('audit', auditTopic)],
  ['an audit event as an insight', 'EL001', append('insight', auditTopic), 'EL001'],
  ['content as a topic', 'EL001', append('insight', 'what was said'), 'EL001'],
  ['more than a message may hold', 'EL002', append('insight', payloadTopic, "repeat('x', 1048577)"), 'EL002'],
  [
    'more telemetry than a message may hold',
    'EL002',
    append('insight', 'lethe.insight.telemetry.v1', "repeat('x', 65537)"),
    'EL002',
  ],
  ['read audit events', '42501', read('audit', auditTopic), 'nothing'],
];

const accountingLog: readonly Way[] = [
  ...logTables,
  ['write a payload', '42501', append('insight', payloadTopic)],
  ['read audit events', '42501', read('audit', auditTopic), 'nothing'],
  ['read audit events as insights', 'nothing', read('insight', auditTopic), 'nothing'],
  ['an audit event', '42501', append('audit', auditTopic)],
];

const auditLog: readonly Way[] = [
  ...logTables,
  ['write a payload', '42501', append('insight', payloadTopic)],
  ['write a payload as an event', 'EL001', append('audit', payloadTopic), 'EL001'],
  ['read payloads', '42501', read('insight', payloadTopic)],
  ['read payloads as events', 'nothing', read('audit', payloadTopic), 'nothing'],
  ['forget insights', '42501', 'select event_log.delete_expired_insights(10)'],
];

const opsLog: readonly Way[] = [
  ...auditLog.filter(([way]) => way !== 'write a payload as an event'),
  ['an audit event', '42501', append('audit', auditTopic)],
];

export const logAttempts: readonly Attempt[] = [
  ...attemptsOf('lethe_audit_append', auditRole),
  ...attemptsOf('lethe_router_log', routerLog),
  ...attemptsOf('lethe_accounting_log', accountingLog),
  ...attemptsOf('lethe_audit_log', auditLog),
  ...attemptsOf('lethe_ops_log', opsLog),
];

/** What no role of the object store may do. */
const objectTables: readonly Way[] = [
  ['see the objects', '42501', 'select 1 from object_store.object'],
  ['see the pieces', '42501', 'select body from object_store.piece'],
  ['change a piece', '42501', "update object_store.piece set body = 'x'"],
  ['another key', '42501', "update object_store.object set key = 'b'", '23503'],
  ['forget all', '42501', 'delete from object_store.object'],
  ['write a piece beside', '42501', "insert into object_store.piece values ('a', 1, 'x')"],
];

const routerObjects: readonly Way[] = [
  ...objectTables,
  ['read back what it wrote', '42501', "select object_store.read_piece('a', 0)"],
  ['what there is', '42501', "select object_store.list('', 10)"],
  ['whether it is there', '42501', "select object_store.stat('a')"],
  ['take it away', '42501', "select object_store.remove('a')"],
  ['overwrite', 'OS003', "select object_store.open_put('a', 1)", 'OS003'],
  ['add to what is there', 'OS003', "select object_store.put_piece('a', 1, 'x')", 'OS003'],
  [
    'half an object',
    'OS004',
    ['begin', "select object_store.open_put('b', 2)", "select object_store.put_piece('b', 0, 'x')", 'commit'],
    'done',
  ],
  ['content as a name', 'OS001', "select object_store.open_put('What was said', 1)", 'OS001'],
  ['too large', 'OS002', "select object_store.open_put('c', 67108865)", 'OS002'],
];

const accountingObjects: readonly Way[] = [
  ...objectTables,
  ['write an object', '42501', "select object_store.open_put('b', 1)"],
  ['write a piece', '42501', "select object_store.put_piece('a', 1, 'x')", 'OS003'],
];

export const objectAttempts: readonly Attempt[] = [
  ...attemptsOf('lethe_router_objects', routerObjects),
  ...attemptsOf('lethe_accounting_objects', accountingObjects),
];
