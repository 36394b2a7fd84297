import { describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '../ids/uuid.js';
import { AuditEventError, encodeAuditEvent } from './audit-event.js';
import { type CanonicalValue, canonicalJson } from './canonical-json.js';
import type { AuditEventInput } from './event-input.js';
import { type AuditEventType, auditEventTypeRow, auditEventTypes } from './event-types.js';

const CANARY = 'the quick canary jumps over the prompt';
const orgId = newUuidV7();
const types = Object.keys(auditEventTypes) as AuditEventType[];

const input = (over: Partial<AuditEventInput> = {}): AuditEventInput => {
  const type = over.type ?? 'zdr.enabled';
  const row = auditEventTypeRow(type);
  const kind = row.targets[0] ?? 'deployment';
  return {
    eventId: newUuidV7(),
    type,
    source: row.source,
    timeMs: 1_795_287_600_123,
    orgId: row.org === 'none' ? undefined : orgId,
    actor: { kind: 'admin', id: newUuidV7() },
    target: { kind, id: orgId },
    outcome: row.outcome === 'refused' ? 'refused' : 'success',
    ...over,
  };
};
type JsonObject = Readonly<Record<string, CanonicalValue>>;
const encoded = (over: Partial<AuditEventInput> = {}): JsonObject =>
  JSON.parse(encodeAuditEvent(input(over)).toString());
const dataOf = (over: Partial<AuditEventInput> = {}): JsonObject => encoded(over).data as JsonObject;

describe('an audit event', () => {
  it('is canonical JSON with CloudEvents and OCSF fields', () => {
    const eventId = newUuidV7();
    const after = { keys_forced_off: 3 };
    const bytes = encodeAuditEvent(input({ eventId, after }));
    const event = JSON.parse(bytes.toString());
    expect(canonicalJson(event)).toBe(bytes.toString());
    expect(event).toMatchObject({
      specversion: '1.0',
      id: eventId,
      type: 'ai.lethe.audit.zdr.enabled.v1',
      subject: `organization/${orgId}`,
      partitionkey: orgId,
      time: '2026-11-21T19:00:00.123Z',
      data: {
        class_uid: 3004,
        activity_id: 8,
        type_uid: 300408,
        severity_id: 3,
        status_id: 1,
        entity: { type_id: 4, type: 'organization', uid: orgId, org: { uid: orgId } },
        unmapped: { after },
      },
    });
  });

  it('has a nonce of its own each time', () => {
    const of = () => (dataOf().unmapped as JsonObject).nonce;
    expect(of()).not.toBe(of());
  });

  it('carries digests of the actor in two places, and nothing when there are none', () => {
    const personal = { emailDigest: 'e'.repeat(43), ipDigest: 'i'.repeat(43) };
    expect(dataOf({ personal }).unmapped).toMatchObject({
      actor_email_digest: personal.emailDigest,
      source_ip_digest: personal.ipDigest,
    });
    for (const nothing of [{}, undefined, { emailDigest: undefined }])
      expect(Object.keys(dataOf({ personal: nothing }).unmapped as JsonObject)).toEqual(['nonce']);
  });

  it('says what a refused attempt was an attempt at', () => {
    const refused = { type: 'change.refused', refusal: 'caller.forbidden' } as const;
    expect(dataOf({ ...refused, attempted: 'zdr.enabled' }).api).toEqual({ operation: 'zdr.enabled' });
    expect(dataOf(refused).api).toEqual({ operation: 'change.refused' });
  });

  it.each(types)('%s has what OCSF requires of its class', (type) => {
    const data = dataOf({ type });
    const required: Readonly<Record<number, readonly string[]>> = {
      3004: ['entity'],
      3006: ['group'],
      3007: ['user'],
      6002: ['app'],
      6003: ['actor', 'api', 'src_endpoint'],
    };
    const ofAll = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];
    const classUid = Number(data.class_uid);
    expect(Object.keys(data)).toEqual(
      expect.arrayContaining([...ofAll, ...(required[classUid] ?? [CANARY])]),
    );
    expect(data.type_uid).toBe(classUid * 100 + Number(data.activity_id));
    expect(data.category_uid).toBe(classUid < 4000 ? 3 : 6);
    expect(data.activity_id === 99).toBe('activity_name' in data);
  });

  it.each([
    ['zdr.enabled', 'success', 3],
    ['apikey.updated', 'success', 1],
    ['change.refused', 'refused', 2],
    ['payload.opened', 'success', 1],
    ['payload.opened', 'refused', 2],
    ['tripwire.raised', 'refused', 4],
    ['zdr.rollback_detected', 'refused', 5],
  ] as const)('%s with %s has severity %d', (type, outcome, severity) => {
    expect(dataOf({ type, outcome }).severity_id).toBe(severity);
  });
});

describe('what its type does not allow is not encoded', () => {
  const other = newUuidV7();
  const cases: [string, Partial<AuditEventInput>][] = [
    ['after', { after: { [CANARY]: true } }],
    ['after', { after: { role: 'admin' } }],
    ['after', { type: 'apikey.revoked', after: {} }],
    ['before', { type: 'org.created', before: {} }],
    ['after.zdr', { after: { zdr: 'yes' } }],
    ['after.keys_forced_off', { after: { keys_forced_off: -1 } }],
    ['after.keys_forced_off', { after: { keys_forced_off: 1.5 } }],
    ['after.keys_forced_off', { after: { keys_forced_off: 2 ** 53 } }],
    ['after.version', { after: { version: '007' } }],
    ['after.version', { after: { version: 7 } }],
    ['after.role', { type: 'member.added', after: { role: 'owner' } }],
    ['after.expires_at', { type: 'apikey.updated', after: { expires_at: '2026-11-21' } }],
    ['after.user_id', { type: 'token.created', after: { user_id: null } }],
    ['after.key', { type: 'field.registered', after: { key: CANARY } }],
    ['after.slug', { type: 'org.created', after: { slug: 'a'.repeat(65) } }],
    ['after.organizations_sha256', { type: 'zdr.census', after: { organizations_sha256: 'AB' } }],
    ['source', { source: 'accounting' }],
    ['actor.id', { actor: { kind: 'admin', id: CANARY } }],
    ['actor.id', { actor: { kind: 'admin', id: 'jane.doe' } }],
    ['target.id', { target: { kind: 'organization', id: 'acme' } }],
    ['target.id', { target: { kind: 'organization', id: other } }],
    ['target.id', { type: 'lease.lapsed', target: { kind: 'router', id: CANARY } }],
    ['target.kind', { target: { kind: 'group', id: other } }],
    ['orgId', { orgId: undefined }],
    ['orgId', { type: 'zdr.census', orgId: other }],
    ['outcome', { outcome: 'refused' }],
    ['outcome', { type: 'change.refused', outcome: 'success' }],
    ['refusal', { refusal: 'caller.forbidden' }],
    ['refusal', { type: 'change.refused', refusal: 'org_sealed' }],
    ['refusal', { type: 'tripwire.raised', refusal: 'caller.forbidden' }],
    ['attempted', { attempted: 'org.updated' }],
    ['correlationId', { correlationId: 'req_1' }],
    ['timeMs', { timeMs: Number.NaN }],
    ['timeMs', { timeMs: 253_402_300_800_000 }],
    ['personal.emailDigest', { personal: { emailDigest: 'jane@example.com' } }],
    ['personal.ipDigest', { personal: { ipDigest: '192.0.2.1' } }],
  ];
  it.each(cases)('%s of case %#', (field, over) => {
    const call = () => encodeAuditEvent(input(over));
    expect(call).toThrow(AuditEventError);
    expect(call).toThrow(expect.objectContaining({ field }));
    expect(call).not.toThrow(CANARY);
  });

  it('and the same events without the mistake are', () => {
    expect(() =>
      encodeAuditEvent(input({ after: { zdr: true, keys_forced_off: 0, version: '7' } })),
    ).not.toThrow();
    expect(() => encodeAuditEvent(input({ type: 'org.created', after: { slug: 'acme' } }))).not.toThrow();
    expect(() =>
      encodeAuditEvent(input({ type: 'apikey.updated', after: { expires_at: null } })),
    ).not.toThrow();
    expect(() =>
      encodeAuditEvent(input({ type: 'change.refused', target: { kind: 'organization', id: other } })),
    ).not.toThrow();
    expect(() =>
      encodeAuditEvent(input({ type: 'lease.lapsed', target: { kind: 'router', id: 'router-1' } })),
    ).not.toThrow();
  });
});

describe('the list of types', () => {
  const settings = types.flatMap((type) => {
    const { before = {}, after = {} } = auditEventTypeRow(type);
    return Object.entries({ before, after }).flatMap(([part, kinds]) =>
      Object.entries(kinds).map(([name, kind]) => ({ path: `${type} ${part}.${name}`, name, kind })),
    );
  });

  it('gives text of callers three places, all bounded names', () => {
    expect(settings.length).toBeGreaterThan(80);
    expect(settings.filter(({ kind }) => kind === 'bounded_name').map(({ path }) => path)).toEqual([
      'org.created after.slug',
      'field.registered after.key',
      'field.unregistered before.key',
    ]);
  });

  it('has codes that are words, and names that are words', () => {
    const word = /^[a-z][a-z0-9_]{0,31}$/;
    for (const { name, kind } of settings) {
      expect(name).toMatch(word);
      if (typeof kind !== 'string') for (const code of kind) expect(code).toMatch(word);
    }
  });

  it('has a sentence for each', () => {
    for (const type of types) expect(auditEventTypeRow(type).when).toMatch(/^[A-Z].{10,200}\.$/);
  });
});
