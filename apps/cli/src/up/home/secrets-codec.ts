import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';

const credential = z.string().min(16).max(200);
const person = z.strictObject({ userId: z.string(), token: credential });
const key = z.strictObject({ id: z.string(), key: credential });

const organizationSchema = z.strictObject({
  slug: z.string(),
  /** In the order in which they are made; a start that was cut short finds the rest missing and makes it. */
  admin: person.optional(),
  member: person.optional(),
  keys: z.record(z.string(), key),
});

const secretsSchema = z.strictObject({
  version: z.literal(1),
  operatorToken: credential,
  postgresPassword: credential,
  atRestRootKey: z.string().regex(/^[0-9a-f]{64}$/),
  /** Who the audit log is (its checkpoints' first line), and what signs them. Absent in a home of an older Lethe. */
  auditOrigin: z.string().regex(/^[a-z0-9./-]{1,100}$/),
  auditSigningSeed: z.string().regex(/^[0-9a-f]{64}$/),
  organizations: z.array(organizationSchema),
});
const storedSchema = secretsSchema.partial({ auditOrigin: true, auditSigningSeed: true });

/** What must outlive a stop and cannot be derived: LETHE_HOME/secrets.json. */
export type Secrets = z.infer<typeof secretsSchema>;
export type DemoOrganization = z.infer<typeof organizationSchema>;

export const encodeSecrets = (secrets: Secrets): string => `${JSON.stringify(secrets, null, 2)}\n`;

/** What stands in a file: a home of an older Lethe lacks what came later. */
export const decodeSecrets = (text: string): z.infer<typeof storedSchema> | undefined =>
  decodeJson(storedSchema, text);
