import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';

const settings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** What is read of an event to tell a person; whatever else it has stays as it is. */
export const auditEventSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  time: z.string(),
  subject: z.string(),
  source: z.string().optional(),
  partitionkey: z.string().optional(),
  data: z.looseObject({
    status_id: z.number(),
    actor: z.looseObject({ user: z.looseObject({ uid: z.string(), type: z.string() }) }),
    api: z.looseObject({ operation: z.string() }).optional(),
    metadata: z.looseObject({ correlation_uid: z.string().optional() }).optional(),
    unmapped: z
      .looseObject({
        before: settings.optional(),
        after: settings.optional(),
        refusal: z.string().optional(),
        actor_email_digest: z.string().optional(),
        source_ip_digest: z.string().optional(),
      })
      .optional(),
  }),
});
export type AuditEvent = z.infer<typeof auditEventSchema>;

/** The event of an entry's bytes; undefined when they are none. */
export const readAuditEvent = (bytes: Uint8Array): AuditEvent | undefined =>
  decodeJson(auditEventSchema, Buffer.from(bytes).toString('utf8'));

/** The type as people write it: `zdr.enabled`. */
export const shortType = (type: string): string => type.replace(/^ai\.lethe\.audit\.(.+)\.v\d+$/, '$1');
