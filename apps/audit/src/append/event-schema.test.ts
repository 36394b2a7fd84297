import { describe, expect, it } from '@jest/globals';
import { type AuditEventInput, auditEventTypeRow, newUuidV7 } from '@lethe/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  changedRequest,
  eventJson,
  type JsonObject,
  sampleRequest,
} from '../testing/sample-events.contract.js';
import { auditEventJsonSchema, auditEventSchema, typeNames } from './event-schema.js';
import { readAppendableEvent } from './read-event.js';

type Case = readonly [field: string, change: (part: JsonObject) => void, over?: Partial<AuditEventInput>];
const withOver = (cases: readonly Case[]) =>
  cases.map(([field, change, over = {}]) => [field, change, over] as const);

const SENTENCE = 'the quick canary jumps over the prompt';
const published = new Ajv2020({ strict: true }).compile(auditEventJsonSchema());

/** What the two forms of the schema say; they must say the same. */
const verdicts = (event: JsonObject): readonly [zod: boolean, ajv: boolean] => [
  auditEventSchema.safeParse(event).success,
  published(event),
];

describe('the schema that is published and the one that events are held against', () => {
  it.each(typeNames)('both take %s', (type) => {
    const outcomes =
      auditEventTypeRow(type).outcome === 'either'
        ? (['success', 'refused'] as const)
        : ([undefined] as const);
    for (const outcome of outcomes) {
      const over = outcome === undefined ? { type } : { type, outcome };
      expect(verdicts(eventJson(sampleRequest(over).event))).toEqual([true, true]);
    }
  });

  const part = (event: JsonObject, ...path: string[]): JsonObject =>
    path.reduce((object, name) => object[name] as JsonObject, event);
  const after = (event: JsonObject) => part(event, 'data', 'unmapped', 'after');
  const cases: Case[] = [
    ['', (event) => Object.assign(event, { message: SENTENCE })],
    ['type', (event) => Object.assign(event, { type: 'ai.lethe.audit.canary.v1' })],
    ['type', (event) => Object.assign(event, { type: 'ai.lethe.audit.apikey.updated.v2' })],
    ['specversion', (event) => Object.assign(event, { specversion: '2.0' })],
    ['id', (event) => Object.assign(event, { id: SENTENCE })],
    ['source', (event) => Object.assign(event, { source: '//lethe/accounting' })],
    ['subject', (event) => Object.assign(event, { subject: `api_key/${SENTENCE}` })],
    ['subject', (event) => Object.assign(event, { subject: `group/${newUuidV7()}` })],
    ['time', (event) => Object.assign(event, { time: '2026-11-21T19:00:00Z' })],
    ['datacontenttype', (event) => Object.assign(event, { datacontenttype: 'text/plain' })],
    ['partitionkey', (event) => delete event.partitionkey],
    ['partitionkey', (event) => Object.assign(event, { partitionkey: newUuidV7() }), { type: 'zdr.census' }],
    ['data', (event) => Object.assign(event, { data: [] })],
    ['data', (event) => Object.assign(part(event, 'data'), { message: SENTENCE })],
    ['data.class_uid', (event) => Object.assign(part(event, 'data'), { class_uid: 3007 })],
    ['data.activity_id', (event) => Object.assign(part(event, 'data'), { activity_id: 1 })],
    ['data.activity_name', (event) => Object.assign(part(event, 'data'), { activity_name: SENTENCE })],
    ['data.type_uid', (event) => Object.assign(part(event, 'data'), { type_uid: 300_401 })],
    ['data.category_uid', (event) => Object.assign(part(event, 'data'), { category_uid: 6 })],
    ['data.severity_id', (event) => Object.assign(part(event, 'data'), { severity_id: 6 })],
    ['data.status_id', (event) => Object.assign(part(event, 'data'), { status_id: 2 })],
    ['data.time', (event) => Object.assign(part(event, 'data'), { time: 1.5 })],
    ['data.time', (event) => Object.assign(part(event, 'data'), { time: 253_402_300_800_000 })],
    ['data.metadata.version', (event) => Object.assign(part(event, 'data', 'metadata'), { version: '1' })],
    [
      'data.metadata.correlation_uid',
      (event) => Object.assign(part(event, 'data', 'metadata'), { correlation_uid: 'req_1' }),
    ],
    [
      'data.actor.user.uid',
      (event) => Object.assign(part(event, 'data', 'actor', 'user'), { uid: 'jane.doe' }),
    ],
    [
      'data.actor.user.type',
      (event) => Object.assign(part(event, 'data', 'actor', 'user'), { type: 'root' }),
    ],
    [
      'data.actor.user',
      (event) => Object.assign(part(event, 'data', 'actor', 'user'), { email_addr: 'jane@example.com' }),
    ],
    ['data.entity.type', (event) => Object.assign(part(event, 'data', 'entity'), { type: 'group' })],
    ['data.entity.uid', (event) => Object.assign(part(event, 'data', 'entity'), { uid: 'acme' })],
    [
      'data.entity.org',
      (event) => Object.assign(part(event, 'data', 'entity'), { org: { uid: newUuidV7() } }),
    ],
    ['data.api', (event) => Object.assign(part(event, 'data'), { api: { operation: 'apikey.updated' } })],
    ['data.api', (event) => delete part(event, 'data').api, { type: 'usage.exported' }],
    [
      'data.api.operation',
      (event) => Object.assign(part(event, 'data', 'api'), { operation: 'zdr.enabled' }),
      { type: 'usage.exported' },
    ],
    [
      'data.src_endpoint.ip',
      (event) => Object.assign(part(event, 'data', 'src_endpoint'), { ip: '192.0.2.1' }),
      { type: 'usage.exported' },
    ],
    ['data.app', (event) => delete part(event, 'data').app, { type: 'lease.lapsed' }],
    ['data.unmapped.nonce', (event) => Object.assign(part(event, 'data', 'unmapped'), { nonce: 'canary' })],
    ['data.unmapped', (event) => Object.assign(part(event, 'data', 'unmapped'), { note: SENTENCE })],
    [
      'data.unmapped.refusal',
      (event) => Object.assign(part(event, 'data', 'unmapped'), { refusal: 'caller.canary' }),
      { type: 'change.refused' },
    ],
    [
      'data.unmapped.refusal',
      (event) => Object.assign(part(event, 'data', 'unmapped'), { refusal: 'caller.forbidden' }),
    ],
    [
      'data.unmapped.actor_email_digest',
      (event) => Object.assign(part(event, 'data', 'unmapped'), { actor_email_digest: 'jane@example.com' }),
    ],
    [
      'data.unmapped.source_ip_digest',
      (event) => Object.assign(part(event, 'data', 'unmapped'), { source_ip_digest: '192.0.2.1' }),
    ],
    [
      'data.unmapped.before',
      (event) => Object.assign(part(event, 'data', 'unmapped'), { before: {} }),
      { type: 'org.created' },
    ],
    ['data.unmapped.after', (event) => Object.assign(after(event), { [SENTENCE]: true })],
    ['data.unmapped.after', (event) => Object.assign(after(event), { role: 'admin' })],
    ['data.unmapped.after.logging', (event) => Object.assign(after(event), { logging: 'on' })],
    ['data.unmapped.after.labels', (event) => Object.assign(after(event), { labels: ['a'] })],
    ['data.unmapped.after.labels', (event) => Object.assign(after(event), { labels: -1 })],
    ['data.unmapped.after.labels', (event) => Object.assign(after(event), { labels: 1.5 })],
    ['data.unmapped.after.user_id', (event) => Object.assign(after(event), { user_id: null })],
    ['data.unmapped.after.expires_at', (event) => Object.assign(after(event), { expires_at: 'tomorrow' })],
    [
      'data.unmapped.after.monthly_limit_nano',
      (event) => Object.assign(after(event), { monthly_limit_nano: '1.5' }),
    ],
    [
      'data.unmapped.after.role',
      (event) => Object.assign(after(event), { role: 'owner' }),
      { type: 'member.added' },
    ],
    [
      'data.unmapped.after.key',
      (event) => Object.assign(after(event), { key: SENTENCE }),
      { type: 'field.registered' },
    ],
  ];
  it.each(withOver(cases))(
    'both refuse a wrong %s (case %#), and the answer names it',
    (field, change, over) => {
      const request = changedRequest((event) => void change(event), over);
      expect(verdicts(eventJson(request.event))).toEqual([false, false]);
      const read = readAppendableEvent(request);
      expect(JSON.stringify(read)).not.toContain(SENTENCE);
      // An unknown name is not repeated: the answer names what it stands in.
      expect(read).toEqual({ refusal: 'not_in_schema', field: field.replace(/\.ip$/, '') });
    },
  );

  it('is versioned, and names each type with its sentence', () => {
    const schema = auditEventJsonSchema() as {
      $id: string;
      $schema: string;
      oneOf: { description: string }[];
    };
    expect(schema.$id).toBe('urn:lethe:audit-event:1.1');
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.oneOf.map(({ description }) => description)).toEqual(
      typeNames.map((type) => auditEventTypeRow(type).when),
    );
  });
});
