import { serviceNames } from '@lethe/contracts';
import type { EventLogConfig } from '@lethe/event-log';
import type { ObjectStoreConfig } from '@lethe/object-store';
import { databaseTlsSchema, tlsSchema } from '@lethe/service-kit';
import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);
const address = z.string().regex(/^[A-Za-z0-9.:[\]-]{1,255}:\d{1,5}$/);
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Buffer.from(hex, 'hex'));
const key = z.string().regex(/^[0-9a-f]{64}$/);
const database = z.strictObject({
  url: z.string().regex(/^postgres(ql)?:\/\//),
  tls: databaseTlsSchema.exactOptional(),
});
const milliseconds = z.number().int().positive().exactOptional();

const kafkaLog = z.strictObject({
  kind: z.literal('kafka'),
  brokers: z.array(address).min(1),
  clientId: z.string().min(1),
  tls: z
    .strictObject({ ca: z.string(), cert: z.string().exactOptional(), key: z.string().exactOptional() })
    .exactOptional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['scram-sha-256', 'scram-sha-512']),
      username: z.string(),
      password: z.string(),
    })
    .exactOptional(),
  clientRetries: z.number().int().min(0).exactOptional(),
  publishTimeoutMs: milliseconds,
  sessionTimeoutMs: milliseconds,
});
const postgresLog = z.strictObject({
  kind: z.literal('postgres'),
  url: z.string().regex(/^postgres(ql)?:\/\//),
  tls: databaseTlsSchema.exactOptional(),
  publishTimeoutMs: milliseconds,
  pollIntervalMs: milliseconds,
  retentionIntervalMs: milliseconds,
});

const eventLog: z.ZodType<EventLogConfig> = z.discriminatedUnion('kind', [kafkaLog, postgresLog]);

const s3Store = z.strictObject({
  kind: z.literal('s3'),
  endpoint: z.string().regex(/^https?:\/\//),
  region: z.string().min(1).max(64),
  bucket: z.string().min(3).max(63),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).exactOptional(),
  tls: z.strictObject({ ca: z.string().exactOptional() }).exactOptional(),
});
const postgresStore = z.strictObject({
  kind: z.literal('postgres'),
  url: z.string().regex(/^postgres(ql)?:\/\//),
  tls: databaseTlsSchema.exactOptional(),
});
const objectStore: z.ZodType<ObjectStoreConfig> = z.discriminatedUnion('kind', [s3Store, postgresStore]);

/** The key service as files of a folder that replicas share; no backup may hold it. */
const transitKeys = z.strictObject({
  kind: z.literal('folder'),
  path: z.string().regex(/^\/.{1,1000}$/),
});

const dayMs = 86_400_000;
const hourMs = 3_600_000;

const fields = z.strictObject({
  host: z.string().min(1).max(255),
  restPort: port,
  grpcPort: port,
  /** Its identity among the services, for both of its ports and the calls it makes; absent: plain text. */
  tls: tlsSchema.exactOptional(),
  /** This service's own credential, for the calls it makes. */
  serviceCredential: z.string().regex(/^lethe_svc_[\x21-\x7e]{20,200}$/),
  /** Who may call it: SHA-256 of each caller's credential, in hex. */
  callers: z.partialRecord(z.enum(serviceNames), sha256),
  /** Handed to every service; here the operator's token is looked up through admin-config like any other. */
  operatorTokenSha256: sha256.optional(),
  telemetryDatabase: database,
  payloadDatabase: database,
  readDatabase: database,
  controlDatabase: database,
  adminConfigGrpc: address,
  auditGrpc: address,
  telemetryLog: eventLog,
  payloadLog: eventLog,
  /** Wraps transit keys: 32 bytes in hex, new at each start of the process, never stored. Or `transitKeys`. */
  transitWrappingKey: key.exactOptional(),
  transitKeys: transitKeys.exactOptional(),
  /** 32 bytes in hex, permanent. */
  atRestRootKey: key,
  /** Where routers put raw requests; absent: none are kept. */
  objectStore: objectStore.exactOptional(),
  /** A transit key gets a successor at this age. */
  transitKeyRotateMs: z.number().int().min(1000).default(dayMs),
  /** How long the payload topic keeps a record: what is on its way is no older. */
  payloadRetentionMs: z.number().int().min(1000).default(hourMs),
  /** How long a payload may wait for its telemetry before it is removed unread. */
  telemetryWaitMs: z.number().int().min(1000).default(dayMs),
});

/** What the launcher hands over on standard input. */
export const configSchema = fields.refine(
  (given) => (given.transitWrappingKey === undefined) !== (given.transitKeys === undefined),
  { path: ['transitKeys'] },
);
export type Config = z.infer<typeof configSchema>;
