import {
  type AuditEventType,
  type AuditEventTypeRow,
  type AuditTargetKind,
  auditActorNames,
  auditEventTypeRow,
  auditEventTypes,
  auditRefusalCodes,
  auditSeverityId,
  auditTargetNames,
  auditTextForms,
  auditTimeMsMax,
  isNamedTarget,
  type SettingKind,
  type SettingKinds,
} from '@lethe/contracts';
import { z } from 'zod';

/**
 * The closed form of an audit event, for each type its own: CloudEvents 1.0 around OCSF. No field can hold a sentence:
 * a string is one of a list, a time, a UUID, a digest, the nonce, or one of the few bounded names of contracts.
 */
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const uuid = z.string().regex(auditTextForms.id);
const time = z.string().regex(auditTextForms.time);
const timeMs = z.number().int().min(0).max(auditTimeMsMax);
const digest = z.string().regex(auditTextForms.digest);
const nonce = z.string().regex(/^[A-Za-z0-9+/]{22}==$/);
const boundedName = z.string().regex(auditTextForms.bounded_name);
const absent = z.never().optional();

export const actorKinds = ['admin', 'member', 'auditor', 'operator', 'service'] as const;
export const typeNames = Object.keys(auditEventTypes) as AuditEventType[];
export const cloudEventType = (type: AuditEventType) => `ai.lethe.audit.${type}.v1` as const;

const metadata = z.strictObject({
  version: z.literal('1.9.0'),
  uid: uuid,
  product: z.strictObject({
    name: z.literal('lethe'),
    version: z.string().regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/),
  }),
  correlation_uid: uuid.optional(),
});
const actor = z.strictObject({
  user: z.strictObject({
    uid: z.union([uuid, z.enum(auditActorNames)]),
    type_id: z.literal([1, 2, 4]),
    type: z.enum(actorKinds),
  }),
});

const settingSchemas: Readonly<Record<Extract<SettingKind, string>, z.ZodType>> = {
  boolean: z.boolean(),
  count,
  digits: z.string().regex(auditTextForms.digits),
  id: uuid,
  id_or_null: uuid.nullable(),
  time,
  time_or_null: time.nullable(),
  sha256: z.string().regex(auditTextForms.sha256),
  bounded_name: boundedName,
};
const settingSchema = (kind: SettingKind): z.ZodType =>
  typeof kind === 'string' ? settingSchemas[kind] : z.enum(kind);
const settingsSchema = (kinds: SettingKinds | undefined) =>
  kinds === undefined
    ? absent
    : z
        .strictObject(
          Object.fromEntries(
            Object.entries(kinds).map(([name, kind]) => [name, settingSchema(kind).optional()]),
          ),
        )
        .optional();

/** A list that may have one member. */
const oneOf = <T extends string | number>(values: readonly T[]) => z.literal([...new Set(values)]);

const idOf = (targets: readonly AuditTargetKind[]) =>
  targets.some(isNamedTarget)
    ? z.union([uuid, z.enum(auditTargetNames), boundedName])
    : z.union([uuid, z.enum(auditTargetNames)]);

const entitySchema = ({ targets }: AuditEventTypeRow) =>
  z.strictObject({
    type_id: z.literal([2, 3, 4, 99]),
    type: oneOf(targets),
    uid: idOf(targets),
    org: targets.includes('organization') ? z.strictObject({ uid: idOf(targets) }).optional() : absent,
  });

/** What OCSF requires of one class and has no place for in others. */
const classSchemas = (type: AuditEventType, row: AuditEventTypeRow) => {
  const uid = idOf(row.targets);
  const is = (classUid: number): boolean => row.classUid === classUid;
  return {
    group: is(3006) ? z.strictObject({ uid }).optional() : absent,
    user: is(3007) ? z.strictObject({ uid }).optional() : absent,
    app: is(6002) ? z.strictObject({ name: oneOf(row.targets), uid }) : absent,
    api: is(6003)
      ? z.strictObject({ operation: type === 'change.refused' ? z.enum(typeNames) : z.literal(type) })
      : absent,
    src_endpoint: is(6003) ? z.strictObject({ svc_name: z.literal(row.source) }) : absent,
  };
};

const outcomes = { success: ['success'], refused: ['refused'], either: ['success', 'refused'] } as const;
const statusIds = { success: [1], refused: [2], either: [1, 2] } as const;

const dataSchema = (type: AuditEventType, row: AuditEventTypeRow) => {
  const { classUid, formerly } = row;
  const activityIds = [row.activityId, formerly?.activityId ?? row.activityId];
  const severityIds = outcomes[row.outcome].map((outcome) => auditSeverityId(type, outcome));
  return z.strictObject({
    class_uid: z.literal(classUid),
    category_uid: z.literal(Math.floor(classUid / 1000)),
    activity_id: oneOf(activityIds),
    activity_name: row.activityId === 99 ? z.literal(type).optional() : absent,
    type_uid: oneOf(activityIds.map((activityId) => classUid * 100 + activityId)),
    severity_id: oneOf([
      ...severityIds,
      ...(formerly?.severityId === undefined ? [] : [formerly.severityId]),
    ]),
    status_id: oneOf(statusIds[row.outcome]),
    time: timeMs,
    metadata,
    actor,
    entity: entitySchema(row),
    ...classSchemas(type, row),
    unmapped: z.strictObject({
      nonce,
      before: settingsSchema(row.before),
      after: settingsSchema(row.after),
      refusal: row.outcome === 'success' ? absent : z.enum(auditRefusalCodes(type)).optional(),
      actor_email_digest: digest.optional(),
      source_ip_digest: digest.optional(),
    }),
  });
};

const partitionKeys = (row: AuditEventTypeRow) => {
  if (row.org === undefined) return uuid;
  return row.org === 'none' ? absent : uuid.optional();
};

const eventSchema = (type: AuditEventType) => {
  const row = auditEventTypeRow(type);
  return z.strictObject({
    specversion: z.literal('1.0'),
    id: uuid,
    source: z.literal(`//lethe/${row.source}`),
    type: z.literal(cloudEventType(type)),
    subject: z.string().regex(new RegExp(`^(?:${row.targets.join('|')})/[A-Za-z0-9._:-]{1,64}$`)),
    time,
    datacontenttype: z.literal('application/json'),
    partitionkey: partitionKeys(row),
    data: dataSchema(type, row),
  });
};

type EventSchema = ReturnType<typeof eventSchema>;
export type WireAuditEvent = z.infer<EventSchema>;

const eventSchemas = typeNames.map(eventSchema);

export const auditEventSchema = z.discriminatedUnion('type', eventSchemas as [EventSchema, ...EventSchema[]]);

const names = z.registry<{ id?: string; description?: string }>();
for (const [id, schema] of Object.entries({
  count,
  uuid,
  time,
  timeMs,
  digest,
  nonce,
  boundedName,
  metadata,
  actor,
}))
  names.add(schema, { id });
for (const [index, type] of typeNames.entries()) {
  const schema = eventSchemas[index];
  if (schema !== undefined) names.add(schema, { description: auditEventTypeRow(type).when });
}

/** The version of the schema: its minor part grows with what is added, its major part with `.v1` of every type. */
export const auditEventSchemaVersion = '1.1';

/** The same as a JSON Schema, for whoever reads the topic. */
export const auditEventJsonSchema = (): object => ({
  $id: `urn:lethe:audit-event:${auditEventSchemaVersion}`,
  title: `Lethe audit event, schema ${auditEventSchemaVersion}`,
  ...z.toJSONSchema(auditEventSchema, { target: 'draft-2020-12', metadata: names }),
});
