import { z } from '@hono/zod-openapi';
import { isUuid, type Uuid } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { permissionLevels } from '../domain/api-key.js';
import { bounds } from '../domain/bounds.js';
import { nanoDollars } from '../domain/money.js';

/** A name people read: 1 to 128 characters, at least one of them visible, none a control character or half a pair. */
export const nameSchema = z
  .string()
  .max(bounds.nameCharsMax)
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u);

export const slugSchema = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const uuidSchema = z
  .string()
  .regex(uuidPattern)
  .transform((text) => text as Uuid)
  .openapi({ type: 'string', format: 'uuid' });

export const roleSchema = z.enum(['admin', 'member', 'auditor']);
export const groupRoleSchema = z.enum(['admin', 'member']);

/** An e-mail address, in lower case. It stands in audit events as a salted digest only. */
export const emailSchema = z
  .string()
  .min(3)
  .max(254)
  .regex(/^[^\s@\p{Cc}\p{Cs}]+@[^\s@\p{Cc}\p{Cs}]+$/u)
  .toLowerCase();

/** Dollars, as a decimal text or a number. Answers always give text. */
export const moneyInSchema = z
  .union([z.number().min(0).max(999_999_999), z.string().max(24)])
  .openapi({ description: 'US dollars; 0 means unlimited', example: '25.50' });
export const moneySchema = z.string().openapi({ description: 'US dollars; "0" means unlimited' });

export const momentSchema = z.string().openapi({ format: 'date-time' });

export const permissionsSchema = z.strictObject({
  manage: z.enum(permissionLevels),
  completions: z.enum(permissionLevels),
});

const labelText = z
  .string()
  .max(bounds.labelCharsMax)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u);
export const labelsSchema = z
  .record(labelText.min(1), labelText)
  .refine((labels) => Object.keys(labels).length <= bounds.labelsMax);

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(bounds.pageLimitMax).default(bounds.pageLimitDefault),
  cursor: z.string().max(64).optional(),
});

/** A list answer of items of one shape. */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() });

export const errorSchema = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.enum(['caller', 'org_policy', 'gateway']),
      code: z.string(),
      param: z.string().nullable(),
      origin: z.literal('admin-config'),
    }),
  })
  .openapi('Error');

/** Nano-dollars of a money field. Throws caller.invalid_value. */
export const nanoOf = (value: z.infer<typeof moneyInSchema>, param: string): bigint => {
  const nano = nanoDollars(typeof value === 'number' ? value.toFixed(9) : value);
  if (nano === undefined) throw new LetheError('caller.invalid_value', param);
  return nano;
};

/** The id of a path; anything that is none is not found. */
export const idOf = (params: Readonly<Record<string, string>>, name = 'id'): Uuid => {
  const text = params[name];
  if (!isUuid(text)) throw new LetheError('caller.not_found');
  return text;
};
