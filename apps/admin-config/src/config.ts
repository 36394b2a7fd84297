import { serviceNames } from '@lethe/contracts';
import { leaseTtlMsMax, leaseTtlMsMin } from '@lethe/policy-sync';
import { databaseTlsSchema, Opaque, tlsSchema } from '@lethe/service-kit';
import { z } from 'zod';

const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Buffer.from(hex, 'hex'));
const secretSchema = z
  .string()
  .max(4096)
  .transform((text) => new Opaque(text));
const portSchema = z.number().int().min(0).max(65_535);
const addressSchema = z.string().regex(/^[^\s/]{1,255}:\d{1,5}$/);
const identifierSchema = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/);

/** Of a certificate chain or a private key. */
const pemSchema = z.string().max(262_144);
const secretPemSchema = pemSchema.transform((text) => new Opaque(text));

const providerAccountSchema = z.strictObject({
  providerAccountId: identifierSchema,
  provider: identifierSchema,
  baseUrl: z.url().max(2048),
  credential: secretSchema,
  region: z.string().max(64),
  proxyUrl: secretSchema.optional(),
  caCertificatesPem: pemSchema.optional(),
  clientCertificatePem: pemSchema.optional(),
  clientPrivateKeyPem: secretPemSchema.optional(),
});

/** What the launcher hands over. Provider accounts are the deployment's own. */
export const configSchema = z.strictObject({
  host: z.string().min(1).max(255),
  restPort: portSchema,
  grpcPort: portSchema,
  /** Its identity among the services, for both of its ports and the calls it makes; absent: plain text. */
  tls: tlsSchema.exactOptional(),
  serviceCredential: secretSchema,
  callers: z.partialRecord(z.enum(serviceNames), sha256Schema),
  operatorTokenSha256: sha256Schema,
  database: z.strictObject({ url: secretSchema, tls: databaseTlsSchema.exactOptional() }),
  accountingGrpc: addressSchema,
  auditGrpc: addressSchema,
  providerAccounts: z.array(providerAccountSchema).max(256),
  leaseTtlMs: z.number().int().min(leaseTtlMsMin).max(leaseTtlMsMax).default(10_000),
  /** How long backups of accounting's database are kept: only then is shredded history out of reach everywhere. */
  backupRetentionDays: z.number().int().min(0).max(3650).default(35),
});

export type Config = z.infer<typeof configSchema>;
