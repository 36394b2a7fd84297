import { auditEventTypes } from '@lethe/contracts';
import { z } from 'zod';

/**
 * The closed form of an audit event: CloudEvents 1.0 around OCSF. No field can hold a sentence: a string is one of a
 * list, a time, a UUID, a bounded identifier, or the nonce.
 */
const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const settingName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const typeNames = Object.keys(auditEventTypes) as (keyof typeof auditEventTypes)[];
/** `ai.lethe.audit.<type>.v1`, for each type there is. */
export const cloudEventTypes = typeNames.map((name) => `ai.lethe.audit.${name}.v1` as const);

const sourceNames = ['admin-config', 'accounting', 'audit'] as const;
export const actorKinds = ['admin', 'member', 'auditor', 'operator', 'service'] as const;
export const targetKinds = [
  'organization',
  'api_key',
  'user',
  'group',
  'token',
  'field',
  'transit_key',
  'insight',
  'usage',
  'deployment',
  'router',
  'audit_log',
] as const;

const SETTINGS_MAX = 64;
/** What was changed: settings, ids and counts. */
const settings = z
  .record(settingName, z.union([z.boolean(), z.null(), z.number(), identifier]))
  .refine((values) => Object.keys(values).length <= SETTINGS_MAX);

/** A code of some service, such as `org_policy.zdr_irrevocable` or `org_sealed`: one word of each part. */
const refusalCode = z.string().regex(/^[a-z][a-z0-9_]{0,47}(?:\.[a-z][a-z0-9_]{0,47})?$/);

/** SHA-256 over a salt and what names a person. */
const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const data = z.strictObject({
  class_uid: count,
  category_uid: count,
  activity_id: count,
  type_uid: count,
  severity_id: z.number().int().min(1).max(6),
  status_id: z.literal([1, 2]),
  time: count,
  metadata: z.strictObject({
    version: z.literal('1.9.0'),
    uid: uuid,
    product: z.strictObject({
      name: z.literal('lethe'),
      version: z.string().regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/),
    }),
    correlation_uid: identifier.optional(),
  }),
  actor: z.strictObject({
    user: z.strictObject({
      uid: identifier,
      type_id: z.literal([1, 2, 3, 4]),
      type: z.enum(actorKinds),
    }),
  }),
  entity: z.strictObject({
    type_id: z.literal([2, 3, 4, 5, 99]),
    type: z.enum(targetKinds),
    uid: identifier,
  }),
  api: z.strictObject({ operation: z.enum(typeNames) }).optional(),
  app: z.strictObject({ name: z.enum(targetKinds), uid: identifier }).optional(),
  src_endpoint: z.strictObject({ svc_name: z.enum(sourceNames) }).optional(),
  unmapped: z.strictObject({
    nonce: z.string().regex(/^[A-Za-z0-9+/]{22}==$/),
    before: settings.optional(),
    after: settings.optional(),
    refusal: refusalCode.optional(),
    actor_email_digest: digest.optional(),
    source_ip_digest: digest.optional(),
  }),
});

export const auditEventSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: uuid,
  source: z.enum(sourceNames.map((name) => `//lethe/${name}` as const)),
  type: z.enum(cloudEventTypes),
  subject: z.string().regex(/^[a-z_]{1,64}\/[A-Za-z0-9._:-]{1,128}$/),
  time: z.iso.datetime({ precision: 3 }),
  datacontenttype: z.literal('application/json'),
  partitionkey: uuid.optional(),
  data,
});

export type WireAuditEvent = z.infer<typeof auditEventSchema>;

/** The same as a JSON Schema, for whoever reads the topic. */
export const auditEventJsonSchema = (): object => z.toJSONSchema(auditEventSchema);
