import {
  type AuditEventInput,
  type audit,
  auditEventTypeRow,
  canonicalJson,
  encodeAuditEvent,
  newUuidV7,
  type SettingKind,
  type SettingKinds,
  type SettingValue,
  type SettingValues,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';

const sampleSetting = (kind: SettingKind): SettingValue => {
  if (typeof kind !== 'string') return kind[0] ?? null;
  const samples: Record<typeof kind, SettingValue> = {
    boolean: true,
    count: 12,
    digits: '18446744073709551615',
    id: newUuidV7(),
    id_or_null: null,
    time: '2026-11-21T19:00:00.123Z',
    time_or_null: null,
    sha256: '0f'.repeat(32),
    bounded_name: 'eu-central.1',
  };
  return samples[kind];
};
const sampleSettings = (kinds: SettingKinds): SettingValues =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, sampleSetting(kind)]));

/** A whole event of the type, with every setting it may carry; a test overrides what it looks at. */
export const sampleInput = (over: Partial<AuditEventInput> = {}): AuditEventInput => {
  const type = over.type ?? ('orgId' in over && over.orgId === undefined ? 'zdr.census' : 'apikey.updated');
  const row = auditEventTypeRow(type);
  const orgId = row.org === 'none' ? undefined : newUuidV7();
  const kind = row.targets[0] ?? 'deployment';
  return {
    eventId: newUuidV7(),
    type,
    source: row.source,
    timeMs: 1_795_287_600_123,
    orgId,
    actor: { kind: 'admin', id: newUuidV7() },
    target: { kind, id: kind === 'organization' ? (over.orgId ?? orgId ?? 'unknown') : newUuidV7() },
    outcome: row.outcome === 'refused' ? 'refused' : 'success',
    ...(row.before === undefined ? {} : { before: sampleSettings(row.before) }),
    ...(row.after === undefined ? {} : { after: sampleSettings(row.after) }),
    correlationId: newUuidV7(),
    personal: { emailDigest: 'e'.repeat(43), ipDigest: 'i'.repeat(43) },
    ...over,
  };
};

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
