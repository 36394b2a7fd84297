import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type audit, newUuidV7, uuidBytes } from '@lethe/contracts';
import { readHistory } from '../chaos/read-history.js';
import { complaintsAbout } from '../checker/complaints.js';
import { type AppendClient, connectAppend } from '../world/append-client.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import type { Replica } from '../world/replica.js';
import { type SampleEvent, sampleEvent } from '../world/sample-events.js';
import { appendAll } from './append-all.js';

const CANARY = 'canary-7f3a-of-a-producer';

/** A request like `event`'s with other text in place of a part of its JSON. */
const replaced = ({ request, body }: SampleEvent, from: string | RegExp, to: string): audit.AppendRequest => {
  const text = body.toString();
  const changed = text.replace(from, to);
  if (changed === text) throw new Error('nothing to replace');
  return { ...request, event: Buffer.from(changed) };
};

const cases: Readonly<Record<string, (event: SampleEvent) => audit.AppendRequest>> = {
  'an event of 60,001 bytes': ({ request, body }) => ({
    ...request,
    event: Buffer.concat([body, Buffer.alloc(60_001 - body.length, ' ')]),
  }),
  'an event of 4 MB': ({ request }) => ({ ...request, event: Buffer.alloc(4_000_000, '"') }),
  'no bytes': ({ request }) => ({ ...request, event: Buffer.alloc(0) }),
  'half a JSON document': ({ request, body }) => ({ ...request, event: body.subarray(0, 200) }),
  'JSON that is no object': ({ request }) => ({ ...request, event: Buffer.from(`"${CANARY}"`) }),
  'bytes that are not UTF-8': ({ request, body }) => ({
    ...request,
    event: Buffer.concat([body.subarray(0, -2), Buffer.from([0xc3, 0x28]), body.subarray(-2)]),
  }),
  'a class that is not known': (event) => replaced(event, '"class_uid":3004', '"class_uid":9999'),
  'a type that is not known': (event) => replaced(event, 'apikey.updated', CANARY),
  'a number with a fraction of zero': (event) => replaced(event, '"severity_id":1', '"severity_id":1.0'),
  'a number with an exponent': (event) => replaced(event, '"severity_id":1', '"severity_id":1e0'),
  'a number beyond 2^53': (event) => replaced(event, /"time":\d+/, '"time":12345678901234567890'),
  'a number twice': (event) => replaced(event, '"severity_id":1', '"severity_id":2,"severity_id":1'),
  'white space': (event) => replaced(event, '{"data"', '{ "data"'),
  'keys out of order': (event) =>
    replaced(event, /^\{(.*?"datacontenttype":"application\/json"),/, '{"zzz":0,$1,'),
  'an escaped character that needs none': (event) => replaced(event, '"specversion"', '"\\u0073pecversion"'),
  'text where a setting belongs': (event) =>
    replaced(event, '"logging":true', `"logging":"${CANARY} said so"`),
  'a setting that the type does not have': (event) =>
    replaced(event, '"logging":true', `"logging":true,"${CANARY}":true`),
  'an attribute of its own': (event) => replaced(event, '{"data"', `{"comment":"${CANARY}","data"`),
  'another id than the call': ({ request }) => ({ ...request, eventId: uuidBytes(newUuidV7()) }),
  'an id that is no UUIDv7': ({ request }) => ({ ...request, eventId: Buffer.alloc(16, 7) }),
  'another organization than the call': ({ request }) => ({ ...request, orgId: uuidBytes(newUuidV7()) }),
  'an organization of three bytes': ({ request }) => ({ ...request, orgId: Buffer.alloc(3) }),
};

describe('events that must not get in', () => {
  let world: AuditWorld;
  let replica: Replica;
  let client: AppendClient;
  const refusals: Record<string, string> = {};

  beforeAll(async () => {
    world = await startAuditWorld();
    replica = await world.start();
    client = connectAppend(replica.grpc, world.callerCredential);
  }, 60_000);
  afterAll(async () => {
    client?.close();
    await world?.stop();
  });

  it.each(Object.keys(cases))('%s', async (name) => {
    const refusal = await client.refusalOf(
      (cases[name] as (typeof cases)[string])(sampleEvent(world.identities.orgIds[0])),
    );
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(refusal?.details).not.toContain(CANARY);
    refusals[name] = refusal?.details ?? '';
  });

  it('another event under an id that is taken', async () => {
    const taken = sampleEvent(world.identities.orgIds[0]);
    const other = sampleEvent(world.identities.orgIds[0]);
    expect(await client.refusalOf(taken.request)).toBeUndefined();
    const body = Buffer.from(other.body.toString().replaceAll(other.eventId, taken.eventId));
    expect(await client.refusalOf({ ...taken.request, event: body })).toMatchObject({
      code: status.ALREADY_EXISTS,
    });
  });

  it('are told apart, and leave no gap, no word of theirs and no harm', async () => {
    expect(new Set(Object.values(refusals)).size).toBeGreaterThan(6);
    const good = Array.from({ length: 5 }, () => sampleEvent(world.identities.orgIds[1]));
    const acknowledged = await appendAll(client, good);
    // One event was taken before, under an id that another then wanted.
    expect(acknowledged.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
    const history = await readHistory(world, replica, acknowledged);
    expect(complaintsAbout(history)).toEqual([]);
    expect(replica.log()).not.toContain(CANARY);
    expect(history.entries.join()).not.toContain(CANARY);
    const metrics = await fetch(`${replica.rest}/metrics`).then((answer) => answer.text());
    expect(metrics).toMatch(/lethe_audit_append_refused_total\{[^}]*\} [1-9]/);
  });
});
