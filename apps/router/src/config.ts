import type { EventLogConfig } from '@lethe/event-log';
import type { ObjectStoreConfig } from '@lethe/object-store';
import { Opaque, publicTlsSchema, readConfig, type Secret, tlsSchema } from '@lethe/service-kit';
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);

/** What a router is told at start, on the launcher's pipe. Bounds have defaults; secrets have none. */
const launchSchema = z.object({
  host: z.string().default('127.0.0.1'),
  port,
  operatorPort: port,
  routerId: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/),
  deploymentRegion: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{0,64}$/)
    .default('local'),
  adminConfigGrpc: z.string(),
  serviceCredential: z.string().min(16),
  telemetryLog: z.custom<EventLogConfig>(
    (value) => typeof value === 'object' && value !== null && 'kind' in value,
  ),
  payloadLog: z.custom<EventLogConfig>(
    (value) => typeof value === 'object' && value !== null && 'kind' in value,
  ),
  /** Where raw request bodies go. Absent: none is kept. */
  objectStore: z
    .custom<ObjectStoreConfig>((value) => typeof value === 'object' && value !== null && 'kind' in value)
    .optional(),
  /** Makes the clients' port HTTPS. */
  publicTls: publicTlsSchema.optional(),
  /** Its identity among the services, for the operator's port and the calls it makes; absent: plain text. */
  tls: tlsSchema.optional(),
  /** More than 1: that many processes share the port, each a router of its own. */
  workers: z.number().int().min(1).max(64).default(1),
  billingDurability: z.enum(['default', 'strict']).default('default'),
  limits: z
    .object({
      bodyBytesMax: z
        .number()
        .int()
        .min(1024)
        .max(256 * 1024 * 1024)
        .default(32 * 1024 * 1024),
      nestingMax: z.number().int().min(4).max(1024).default(128),
      topLevelFieldsMax: z.number().int().min(8).max(4096).default(256),
      uploadMsMax: z.number().int().min(100).default(300_000),
      uploadIdleMsMax: z.number().int().min(100).default(30_000),
      headersMax: z.number().int().min(8).max(2000).default(100),
      connectMsMax: z.number().int().min(50).default(10_000),
      headMsMax: z.number().int().min(50).default(600_000),
      idleMsMax: z.number().int().min(50).default(300_000),
      answerMsMax: z.number().int().min(50).default(3_600_000),
      connectionsPerProviderMax: z.number().int().min(1).default(1024),
      telemetryRecordsMax: z.number().int().min(100).default(200_000),
      telemetryBytesMax: z
        .number()
        .int()
        .min(65_536)
        .default(128 * 1024 * 1024),
      /** Raw bodies in memory at once, of requests that run and of uploads that wait; beyond it none is kept. */
      rawRequestBytesHeldMax: z
        .number()
        .int()
        .min(0)
        .default(64 * 1024 * 1024),
      keysHonouredMsMax: z.number().int().min(0).default(3_600_000),
    })
    .prefault({}),
});

export interface RouterConfig extends Omit<z.infer<typeof launchSchema>, 'serviceCredential'> {
  readonly serviceCredential: Secret;
}

/** Reads the launch object. Throws ConfigError with every problem by name. */
export const readRouterConfig = (launched: unknown): RouterConfig => {
  const config = readConfig(launchSchema, launched);
  return { ...config, serviceCredential: new Opaque(config.serviceCredential) };
};
