import { describe, expect, it } from '@jest/globals';
import {
  type AuditEventInput,
  type AuditEventType,
  type audit,
  auditEventTypeRow,
  auditEventTypes,
  canonicalJson,
  encodeAuditEvent,
  newUuidV7,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';
import {
  changedRequest,
  eventJson,
  holderOf,
  type JsonObject,
  sampleInput,
  sampleRequest,
  stringPaths,
} from '../testing/sample-events.contract.js';
import { EVENT_BYTES_MAX, readAppendableEvent } from './read-event.js';

type Case = readonly [field: string, change: (part: JsonObject) => void, over?: Partial<AuditEventInput>];
const withOver = (cases: readonly Case[]) =>
  cases.map(([field, change, over = {}]) => [field, change, over] as const);

const SENTENCE = 'the quick canary jumps over the prompt';
const refusalOf = (request: audit.AppendRequest): string => {
  const read = readAppendableEvent(request);
  return 'refusal' in read ? read.refusal : 'accepted';
};
const refused = (change: (event: JsonObject) => void, over: Partial<AuditEventInput> = {}) =>
  refusalOf(changedRequest(change, over));
const denied = { outcome: 'refused', refusal: 'caller.forbidden' } as const;
const refusedChange = { type: 'change.refused', ...denied } as const;

describe('what Append takes', () => {
  it('is every type of event that encodeAuditEvent makes, verbatim', () => {
    for (const type of Object.keys(auditEventTypes) as AuditEventType[]) {
      const { targets, source, outcome } = auditEventTypeRow(type);
      const request = sampleRequest({ type });
      const read = readAppendableEvent(request);
      const expected = {
        type,
        source,
        targetKind: targets[0],
        outcome: outcome === 'either' ? 'success' : outcome,
      };
      expect(read).toMatchObject({ event: expected });
      expect('event' in read && read.event.body.equals(request.event)).toBe(true);
    }
    expect(refusalOf(sampleRequest({ orgId: undefined }))).toBe('accepted');
    expect(refusalOf(sampleRequest({ ...refusedChange, orgId: undefined }))).toBe('accepted');
    expect(
      refusalOf(sampleRequest({ type: 'payload.opened', outcome: 'refused', refusal: 'caller.not_found' })),
    ).toBe('accepted');
  });

  it('is what a house of schema 1.0 still had in its outbox', () => {
    const older = (over: Partial<AuditEventInput>, numbers: JsonObject) =>
      refused((event) => {
        Object.assign(event.data as object, numbers);
        for (const name of ['group', 'user']) delete (event.data as JsonObject)[name];
        delete ((event.data as JsonObject).entity as JsonObject).org;
      }, over);
    expect(older({ type: 'group.created' }, { activity_id: 1, type_uid: 300_601 })).toBe('accepted');
    expect(older({ type: 'member.removed' }, { activity_id: 4, type_uid: 300_704 })).toBe('accepted');
    expect(older({ type: 'zdr.enabled' }, { severity_id: 1 })).toBe('accepted');
    expect(older({ type: 'group.created' }, { activity_id: 1, type_uid: 300_606 })).toBe('inconsistent');
    expect(older({ type: 'group.created' }, { activity_id: 2, type_uid: 300_602 })).toBe('not_in_schema');
  });

  it('is at most 60000 bytes', () => {
    const request = sampleRequest();
    const padded = (length: number): audit.AppendRequest => ({
      ...request,
      event: Buffer.concat([request.event, Buffer.alloc(length - request.event.length, ' ')]),
    });
    expect(refusalOf(padded(EVENT_BYTES_MAX))).toBe('not_canonical');
    expect(refusalOf(padded(EVENT_BYTES_MAX + 1))).toBe('too_large');
  });
});

describe('no field takes a sentence', () => {
  const input = sampleInput(refusedChange);
  const full = eventJson(encodeAuditEvent(input));
  const paths = stringPaths(full).map((path) => [path.join('.'), path] as const);

  it('looks at every string there is', () => {
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.map(([name]) => name)).toContain('data.unmapped.after.role');
  });

  it.each(paths)('%s', (_name, path) => {
    const changed = eventJson(encodeAuditEvent(input));
    holderOf(changed, path)[path.at(-1) as string] = SENTENCE;
    const event = Buffer.from(JSON.stringify(changed));
    expect(refusalOf({ eventId: uuidBytes(input.eventId), orgId: uuidBytes(input.orgId), event })).toBe(
      'not_in_schema',
    );
  });
});

describe('what contradicts itself', () => {
  const part = (data: JsonObject, name: string) => data[name] as JsonObject;
  const cases: Case[] = [
    ['data.type_uid', (data) => Object.assign(data, { activity_id: 1 }), { type: 'group.created' }],
    [
      'data.type_uid',
      (data) => Object.assign(data, { severity_id: 1 }),
      { type: 'payload.opened', ...denied },
    ],
    ['time', (data) => Object.assign(data, { time: 1 })],
    ['data.metadata.uid', (data) => Object.assign(part(data, 'metadata'), { uid: newUuidV7() })],
    ['data.actor.user.type_id', (data) => Object.assign(part(part(data, 'actor'), 'user'), { type_id: 1 })],
    ['subject', (data) => Object.assign(part(data, 'entity'), { uid: newUuidV7() })],
    ['data.entity.type_id', (data) => Object.assign(part(data, 'entity'), { type_id: 2 })],
    [
      'data.entity.org',
      (data) => Object.assign(part(data, 'entity'), { org: { uid: newUuidV7() } }),
      { type: 'zdr.enabled' },
    ],
    ['data.group', (data) => Object.assign(data, { group: { uid: newUuidV7() } }), { type: 'group.deleted' }],
    ['data.user', (data) => Object.assign(data, { user: { uid: newUuidV7() } }), { type: 'member.added' }],
    ['data.app', (data) => Object.assign(part(data, 'app'), { uid: 'router-2' }), { type: 'lease.lapsed' }],
    [
      'data.unmapped.refusal',
      (data) => Object.assign(part(data, 'unmapped'), { refusal: 'caller.forbidden' }),
      { type: 'payload.opened' },
    ],
  ];
  it.each(withOver(cases))('%s of case %#', (field, change, over) => {
    const request = changedRequest((event) => change(event.data as JsonObject), over);
    expect(readAppendableEvent(request)).toEqual({ refusal: 'inconsistent', field });
  });

  it('an event of an organization about another one', () => {
    const event = (orgId: Uuid, target: Uuid) => {
      const input = sampleInput({ type: 'zdr.enabled', orgId: target });
      const changed = eventJson(encodeAuditEvent(input));
      changed.partitionkey = orgId;
      return readAppendableEvent({
        eventId: uuidBytes(input.eventId),
        orgId: uuidBytes(orgId),
        event: Buffer.from(canonicalJson(changed)),
      });
    };
    const orgId = newUuidV7();
    expect(event(orgId, orgId)).toHaveProperty('event');
    expect(event(newUuidV7(), orgId)).toEqual({ refusal: 'inconsistent', field: 'partitionkey' });
  });

  it('an id or organization other than the call names', () => {
    const request = sampleRequest();
    expect(refusalOf({ ...request, eventId: uuidBytes(newUuidV7()) })).toBe('event_id_differs');
    expect(refusalOf({ ...request, orgId: uuidBytes(newUuidV7()) })).toBe('org_id_differs');
    expect(refusalOf({ ...request, orgId: Buffer.alloc(0) })).toBe('org_id_differs');
    expect(refusalOf({ ...request, orgId: Buffer.alloc(3) })).toBe('invalid_org_id');
    expect(refusalOf({ ...request, eventId: Buffer.alloc(16) })).toBe('invalid_event_id');
  });
});

describe('bytes', () => {
  const request = sampleRequest();
  const text = request.event.toString();
  const withText = (changed: string): audit.AppendRequest => ({ ...request, event: Buffer.from(changed) });

  it('that are not canonical are refused', () => {
    const event = eventJson(request.event);
    const reversed = Object.fromEntries(Object.entries(event).reverse());
    expect(refusalOf(withText(JSON.stringify(event)))).toBe('accepted');
    expect(refusalOf(withText(JSON.stringify(reversed)))).toBe('not_canonical');
    expect(refusalOf(withText(`${text} `))).toBe('not_canonical');
    expect(refusalOf(withText(text.replace('"specversion":"1.0"', '"specversion":"1\\u002e0"')))).toBe(
      'not_canonical',
    );
    for (const number of ['12.0', '12e0', '0.12e2', '-0', '1200e-2'])
      expect(refusalOf(withText(text.replace('"labels":12', `"labels":${number}`)))).toBe('not_canonical');
    expect(refusalOf(withText(text.replace('{', '{"specversion":"2.0",')))).toBe('not_canonical');
  });

  it('that are not JSON of this form are refused', () => {
    expect(refusalOf({ ...request, event: Buffer.alloc(0) })).toBe('not_json');
    expect(refusalOf({ ...request, event: Buffer.from([0xff, 0xfe]) })).toBe('not_utf8');
    expect(refusalOf(withText('{'))).toBe('not_json');
    expect(refusalOf(withText('[]'))).toBe('not_in_schema');
    expect(refusalOf(withText('"text"'))).toBe('not_in_schema');
    expect(refusalOf(withText(`${'['.repeat(29_000)}${']'.repeat(29_000)}`))).toMatch(
      /^not_(json|in_schema)$/,
    );
    expect(refusalOf(withText(`\ufeff${text}`))).toMatch(/^not_/);
    expect(refusalOf(withText(text.replace('"lethe"', '"lethe\\ud800"')))).toBe('not_in_schema');
    expect(refusalOf(withText(text.replace('"labels":12', '"labels":9007199254740993')))).toBe(
      'not_in_schema',
    );
  });
});
