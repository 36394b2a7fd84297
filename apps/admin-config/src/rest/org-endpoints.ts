import { z } from '@hono/zod-openapi';
import { payloadLimitBounds } from '../domain/bounds.js';
import type { Organization } from '../domain/organization.js';
import type { Deps } from '../use-cases/change.js';
import { changeOrganization, readOrganization } from '../use-cases/organizations.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { momentSchema, nameSchema, roleSchema, uuidSchema } from './schemas.js';

const limitFields = {
  part_bytes_max: z
    .number()
    .int()
    .min(payloadLimitBounds.partBytesMax.min)
    .max(payloadLimitBounds.partBytesMax.max)
    .openapi({ description: 'Bytes of one string that are kept where a key may log.' }),
  total_bytes_max: z
    .number()
    .int()
    .min(payloadLimitBounds.totalBytesMax.min)
    .max(payloadLimitBounds.totalBytesMax.max)
    .openapi({ description: 'Bytes of one whole payload.' }),
};

export const orgSchema = z
  .strictObject({
    id: uuidSchema,
    slug: z.string(),
    name: z.string(),
    default_logging: z.boolean(),
    allow_logging_change: z.boolean(),
    payload_limits: z.strictObject(limitFields),
    zdr_enabled_at: momentSchema.nullable(),
    created_at: momentSchema,
  })
  .openapi('Organization');

export const orgJson = (org: Organization) => ({
  id: org.id,
  slug: org.slug,
  name: org.name,
  default_logging: org.defaultLogging,
  allow_logging_change: org.allowLoggingChange,
  payload_limits: {
    part_bytes_max: org.payloadLimits.partBytesMax,
    total_bytes_max: org.payloadLimits.totalBytesMax,
  },
  zdr_enabled_at: org.zdr?.enabledAt.toISOString() ?? null,
  created_at: org.createdAt.toISOString(),
});

const orgPatch = z.strictObject({
  name: nameSchema.optional(),
  default_logging: z.boolean().optional(),
  allow_logging_change: z.boolean().optional(),
  payload_limits: z.strictObject(limitFields).partial().optional(),
});

const authCheckSchema = z.strictObject({
  user_id: uuidSchema,
  org_id: uuidSchema,
  org_slug: z.string(),
  role: roleSchema,
});

export const orgEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/auth/check',
    summary: 'Whether the management token is good, and whose it is.',
    access: 'management',
    answers: { 200: authCheckSchema },
    errors: [],
    handle: async ({ caller: { principal } }) => ({
      status: 200,
      body:
        principal.kind === 'user'
          ? {
              user_id: principal.userId,
              org_id: principal.orgId,
              org_slug: principal.orgSlug,
              role: principal.role,
            }
          : undefined,
    }),
  }),
  endpoint({
    method: 'get',
    path: '/v1/manage/org',
    summary: 'The organization and its logging policy.',
    access: 'management',
    answers: { 200: orgSchema },
    errors: [],
    handle: async ({ caller, org }) => ({
      status: 200,
      body: orgJson(await readOrganization(deps, caller, org)),
    }),
  }),
  endpoint({
    method: 'patch',
    path: '/v1/manage/org',
    summary: 'Changes name, logging policy and payload limits. Admins only; nothing is loosened under ZDR.',
    access: 'management',
    event: 'org.updated',
    body: orgPatch,
    answers: { 200: orgSchema },
    errors: [],
    handle: async ({ caller, org, body }) => ({
      status: 200,
      body: orgJson(
        await changeOrganization(deps, caller, org, {
          name: body.name,
          defaultLogging: body.default_logging,
          allowLoggingChange: body.allow_logging_change,
          payloadLimits: {
            partBytesMax: body.payload_limits?.part_bytes_max,
            totalBytesMax: body.payload_limits?.total_bytes_max,
          },
        }),
      ),
    }),
  }),
];
