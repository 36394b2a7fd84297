import {
  type AuditEventInput,
  type audit,
  canonicalJson,
  encodeAuditEvent,
  newUuidV7,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';

/** What every sample says unless a test says otherwise. */
export const sampleInput = (over: Partial<AuditEventInput> = {}): AuditEventInput => ({
  eventId: newUuidV7(),
  type: 'apikey.updated',
  source: 'admin-config',
  timeMs: 1_795_287_600_123,
  orgId: newUuidV7(),
  actor: { kind: 'admin', id: newUuidV7() },
  target: { kind: 'api_key', id: newUuidV7() },
  outcome: 'success',
  before: { logging: true, limit: 12, region: null },
  after: { logging: false, limit: 7.5, region: 'eu-central-1' },
  correlationId: 'req_1',
  ...over,
});

const requestOf = (eventId: Uuid, orgId: Uuid | undefined, event: Buffer): audit.AppendRequest => ({
  eventId: uuidBytes(eventId),
  orgId: uuidBytes(orgId),
  event,
});

/** A whole Append call. */
export const sampleRequest = (over: Partial<AuditEventInput> = {}): audit.AppendRequest => {
  const input = sampleInput(over);
  return requestOf(input.eventId, input.orgId, encodeAuditEvent(input));
};

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A call whose event was changed as JSON and made canonical again. */
export const changedRequest = (
  change: (event: JsonObject) => void,
  over: Partial<AuditEventInput> = {},
): audit.AppendRequest => {
  const input = sampleInput(over);
  const event = eventJson(encodeAuditEvent(input));
  change(event);
  return requestOf(input.eventId, input.orgId, Buffer.from(canonicalJson(event)));
};

export const eventJson = (body: Uint8Array): JsonObject => JSON.parse(Buffer.from(body).toString('utf8'));

/** Every path to a string in the event. */
export const stringPaths = (value: Json, path: readonly string[] = []): (readonly string[])[] => {
  if (typeof value === 'string') return [path];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => stringPaths(member, [...path, key]));
};

/** The object that holds the last name of the path. */
export const holderOf = (event: JsonObject, path: readonly string[]): JsonObject =>
  path.slice(0, -1).reduce((object, key) => object[key] as JsonObject, event);
