import { isAbsolute } from 'node:path';
import type { EventLogConfig } from '@lethe/event-log';
import { databaseTlsSchema, Opaque, readConfig, type Secret, tlsSchema } from '@lethe/service-kit';
import { parseVerifierKey } from '@lethe/transparency-log';
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Buffer.from(hex, 'hex'));
const text = z.string().min(1).max(4096);
const pem = z.string().min(1).max(65_536);

const kafkaLog = z.strictObject({
  kind: z.literal('kafka'),
  brokers: z.array(text).min(1).max(64),
  clientId: text,
  tls: z.strictObject({ ca: pem, cert: pem.exactOptional(), key: pem.exactOptional() }).exactOptional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['scram-sha-256', 'scram-sha-512']),
      username: text,
      password: text,
    })
    .exactOptional(),
  clientRetries: z.number().int().min(0).max(100).exactOptional(),
  publishTimeoutMs: z.number().int().min(100).max(20_000).exactOptional(),
  sessionTimeoutMs: z.number().int().min(1000).max(120_000).exactOptional(),
});
const postgresLog = z.strictObject({
  kind: z.literal('postgres'),
  url: text,
  tls: databaseTlsSchema.exactOptional(),
  publishTimeoutMs: z.number().int().min(100).max(20_000).exactOptional(),
  pollIntervalMs: z.number().int().min(10).max(60_000).exactOptional(),
  retentionIntervalMs: z.number().int().min(1000).exactOptional(),
});
const eventLog: z.ZodType<EventLogConfig> = z.discriminatedUnion('kind', [kafkaLog, postgresLog]);

const absolutePath = text.refine(isAbsolute);
const folderAnchors = z.strictObject({ kind: z.literal('folder'), path: absolutePath });
/** A bucket that locks what is put into it, in compliance mode. */
const s3Anchors = z.strictObject({
  kind: z.literal('s3'),
  endpoint: z.url({ protocol: /^https?$/ }).max(2048),
  region: text,
  bucket: text,
  accessKeyId: text,
  secretAccessKey: text,
  sessionToken: text.exactOptional(),
  tls: z.strictObject({ ca: pem.exactOptional() }).exactOptional(),
});
const anchors = z.discriminatedUnion('kind', [folderAnchors, s3Anchors]);

const SEEDS_MAX = 8;
const WITNESSES_MAX = 16;

/** The log's name, and the seeds of the keys that sign it: the first signs first, a rotation adds one. */
const signing = z.strictObject({
  origin: z.string().regex(/^[A-Za-z0-9._:/-]{1,200}$/),
  seeds: z
    .array(
      z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .transform((hex) => new Opaque(Buffer.from(hex, 'hex'))),
    )
    .min(1)
    .max(SEEDS_MAX),
});
const witness = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  verifierKey: z.string().refine((key) => parseVerifierKey(key)?.type === 'cosignature'),
});

const witnessKeyName = ({ verifierKey }: { readonly verifierKey: string }): string | undefined =>
  parseVerifierKey(verifierKey)?.name;

const launchSchema = z
  .object({
    host: z.string().min(1).max(255).default('127.0.0.1'),
    restPort: port,
    grpcPort: port,
    /** Its identity among the services, for both of its ports and the calls it makes; absent: plain text. */
    tls: tlsSchema.exactOptional(),
    serviceCredential: text.transform((value): Secret => new Opaque(value)),
    callers: z.strictObject({
      'admin-config': sha256.exactOptional(),
      accounting: sha256.exactOptional(),
      router: sha256.exactOptional(),
      audit: sha256.exactOptional(),
    }),
    operatorTokenSha256: sha256,
    database: z.strictObject({ url: text, tls: databaseTlsSchema.exactOptional() }),
    auditLog: eventLog,
    adminConfigGrpc: text,
    signing,
    /** Where the newest checkpoint and the tombstones are kept outside the database. */
    anchors: anchors.exactOptional(),
    /** The short form of anchors in a folder. */
    anchorsFolder: absolutePath.exactOptional(),
    witnesses: z
      .array(witness)
      .max(WITNESSES_MAX)
      .refine((all) => new Set(all.map(witnessKeyName)).size === all.length)
      .default([]),
    /** How many witnesses must have cosigned a checkpoint before it is shown. */
    witnessQuorum: z.number().int().min(0).max(WITNESSES_MAX).default(0),
  })
  .refine(({ witnesses, witnessQuorum }) => witnessQuorum <= witnesses.length, { path: ['witnessQuorum'] })
  .transform(({ anchors: given, anchorsFolder, ...rest }, context) => {
    const folder =
      anchorsFolder === undefined ? undefined : ({ kind: 'folder', path: anchorsFolder } as const);
    const one = given === undefined ? folder : given;
    if (one !== undefined && (given === undefined || folder === undefined)) return { ...rest, anchors: one };
    context.addIssue({ code: 'custom', path: ['anchors'] });
    return z.NEVER;
  });

export type AuditConfig = z.infer<typeof launchSchema>;

/** Reads what the launcher handed over. Throws ConfigError, which names settings and no values. */
export const readAuditConfig = (source: unknown): AuditConfig => readConfig(launchSchema, source);
