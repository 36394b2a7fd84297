import { describe, expect, it } from '@jest/globals';
import { type audit, auditEventTypes, encodeAuditEvent, newUuidV7, uuidBytes } from '@lethe/contracts';
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

const SENTENCE = 'the quick canary jumps over the prompt';
const refusalOf = (request: audit.AppendRequest): string => {
  const read = readAppendableEvent(request);
  return 'refusal' in read ? read.refusal : 'accepted';
};
const refused = (change: (event: JsonObject) => void) => refusalOf(changedRequest(change));

describe('what Append takes', () => {
  it('is every type of event that encodeAuditEvent makes, verbatim', () => {
    for (const type of Object.keys(auditEventTypes) as (keyof typeof auditEventTypes)[]) {
      const request = sampleRequest({ type });
      const read = readAppendableEvent(request);
      expect(read).toMatchObject({ event: { type, outcome: 'success', targetKind: 'api_key' } });
      expect('event' in read && read.event.body.equals(request.event)).toBe(true);
    }
    expect(refusalOf(sampleRequest({ orgId: undefined }))).toBe('accepted');
    expect(refusalOf(sampleRequest({ outcome: 'refused', refusal: 'org_policy.zdr_irrevocable' }))).toBe(
      'accepted',
    );
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
  const input = sampleInput({ type: 'change.refused', outcome: 'refused', refusal: 'caller.forbidden' });
  const full = eventJson(encodeAuditEvent(input));
  const paths = stringPaths(full).map((path) => [path.join('.'), path] as const);

  it('looks at every string there is', () => {
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.map(([name]) => name)).toContain('data.unmapped.after.region');
  });

  it.each(paths)('%s', (_name, path) => {
    const changed = eventJson(encodeAuditEvent(input));
    holderOf(changed, path)[path.at(-1) as string] = SENTENCE;
    const event = Buffer.from(JSON.stringify(changed));
    expect(refusalOf({ eventId: uuidBytes(input.eventId), orgId: uuidBytes(input.orgId), event })).toBe(
      'not_in_schema',
    );
  });

  it.each([
    ['a new field', (event: JsonObject) => Object.assign(event, { message: SENTENCE })],
    [
      'a new field of data',
      (event: JsonObject) => Object.assign(event.data as object, { message: SENTENCE }),
    ],
    [
      'the name of a setting',
      (event: JsonObject) => Object.assign(unmapped(event).after as object, { [SENTENCE]: true }),
    ],
    [
      'a list as a setting',
      (event: JsonObject) => Object.assign(unmapped(event).after as object, { list: ['a'] }),
    ],
    [
      'an object as a setting',
      (event: JsonObject) => Object.assign(unmapped(event).after as object, { object: {} }),
    ],
    [
      'a long identifier',
      (event: JsonObject) => Object.assign(unmapped(event).after as object, { id: 'a'.repeat(129) }),
    ],
    [
      'too many settings',
      (event: JsonObject) => {
        for (let i = 0; i < 70; i++) Object.assign(unmapped(event).after as object, { [`s${i}`]: i });
      },
    ],
    ['a nonce that is a word', (event: JsonObject) => Object.assign(unmapped(event), { nonce: 'canary' })],
    [
      'a refusal that is no code',
      (event: JsonObject) => Object.assign(unmapped(event), { refusal: 'Canary!' }),
    ],
    ['an unknown type', (event: JsonObject) => Object.assign(event, { type: 'ai.lethe.audit.canary.v1' })],
  ])('%s', (_name, change) => {
    expect(refused((event) => void change(event))).toBe('not_in_schema');
  });
});

const unmapped = (event: JsonObject): JsonObject => (event.data as JsonObject).unmapped as JsonObject;

describe('what contradicts itself', () => {
  it.each([
    ['class', (data: JsonObject) => Object.assign(data, { class_uid: 3007 })],
    ['activity', (data: JsonObject) => Object.assign(data, { activity_id: 1 })],
    ['type number', (data: JsonObject) => Object.assign(data, { type_uid: 300401 })],
    ['category', (data: JsonObject) => Object.assign(data, { category_uid: 6 })],
    ['time', (data: JsonObject) => Object.assign(data, { time: 1 })],
    ['unique id', (data: JsonObject) => Object.assign(data.metadata as object, { uid: newUuidV7() })],
    ['actor', (data: JsonObject) => Object.assign((data.actor as JsonObject).user as object, { type_id: 1 })],
    ['target', (data: JsonObject) => Object.assign(data.entity as object, { uid: 'other' })],
    [
      'api of an entity event',
      (data: JsonObject) => Object.assign(data, { api: { operation: 'apikey.updated' } }),
    ],
    [
      'refusal of a success',
      (data: JsonObject) => Object.assign(data.unmapped as object, { refusal: 'caller.forbidden' }),
    ],
  ])('%s', (_name, change) => {
    expect(refused((event) => void change(event.data as JsonObject))).toBe('inconsistent');
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
    expect(refusalOf(withText(text.replace('"limit":7.5', '"limit":7.50')))).toBe('not_canonical');
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
    expect(refusalOf(withText(text.replace('req_1', 'req_\\ud800')))).toBe('not_in_schema');
  });
});
