import { z } from '@hono/zod-openapi';
import type { ApiKey } from '../domain/api-key.js';
import { bounds } from '../domain/bounds.js';
import { dollarsText } from '../domain/money.js';
import {
  labelsSchema,
  momentSchema,
  moneyInSchema,
  moneySchema,
  nameSchema,
  nanoOf,
  permissionsSchema,
  uuidSchema,
} from './schemas.js';

export const apiKeySchema = z
  .strictObject({
    id: uuidSchema,
    name: z.string(),
    logging: z.boolean(),
    debug: z.boolean(),
    monthly_limit: moneySchema,
    permissions: permissionsSchema,
    labels: z.record(z.string(), z.string()),
    created_by: z.strictObject({ id: uuidSchema }),
    group: z.strictObject({ id: uuidSchema }).optional(),
    expires_at: momentSchema.nullable(),
    created_at: momentSchema,
  })
  .openapi('ApiKey');

export const apiKeyJson = (key: ApiKey) => ({
  id: key.id,
  name: key.name,
  logging: key.logging,
  debug: key.debug,
  monthly_limit: dollarsText(key.monthlyLimitNano),
  permissions: key.permissions,
  labels: key.labels,
  created_by: { id: key.ownerUserId },
  ...(key.groupId === undefined ? {} : { group: { id: key.groupId } }),
  expires_at: key.expiresAt?.toISOString() ?? null,
  created_at: key.createdAt.toISOString(),
});

export const newKeySchema = z.strictObject({
  name: nameSchema,
  monthly_limit: moneyInSchema.optional(),
  permissions: permissionsSchema.partial().optional(),
  group_id: uuidSchema.optional(),
  logging: z.boolean().optional(),
});
export const newKeyAnswer = z.strictObject({ api_key_id: uuidSchema, api_key: z.string() });

export const importSchema = newKeySchema.extend({
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .openapi({ description: 'SHA-256 of the key, in hexadecimal' }),
});
export const importAnswer = z.strictObject({ api_key_id: uuidSchema });

export const rotateSchema = z.strictObject({
  overlap_seconds: z.number().int().min(0).max(bounds.overlapSecondsMax).default(0),
});
export const rotateAnswer = newKeyAnswer.extend({ previous_not_after: momentSchema });

export const limitSchema = z.strictObject({ monthly_limit: moneyInSchema });
export const labelSchema = z.strictObject({ labels: labelsSchema });
export const expirySchema = z.strictObject({
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
});
export const flagsSchema = z.strictObject({
  logging: z.boolean().optional(),
  debug: z.boolean().optional(),
  name: nameSchema.optional(),
});

/** What a body of newKeySchema asks for. */
export const keyWish = (body: z.infer<typeof newKeySchema>) => ({
  name: body.name,
  monthlyLimitNano: nanoOf(body.monthly_limit ?? 0, 'monthly_limit'),
  permissions: {
    manage: body.permissions?.manage ?? 'none',
    completions: body.permissions?.completions ?? 'write',
  } as const,
  groupId: body.group_id,
  logging: body.logging,
  ownerUserId: undefined,
});
