import { z } from '@hono/zod-openapi';
import type { ZdrCommitment } from '../domain/organization.js';
import type { Deps } from '../use-cases/change.js';
import { readOrganization } from '../use-cases/organizations.js';
import { enableZdr } from '../use-cases/zdr.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { momentSchema, uuidSchema } from './schemas.js';

const versionSchema = z.number().int();

const auditSchema = z.strictObject({
  event_id: uuidSchema,
  proof: z.string().nullable().openapi({
    description:
      'c2sp.org/tlog-proof@v1 with the event in its extra line: keep it. Null while audit is away.',
  }),
});

const zdrSchema = z.strictObject({
  state: z.enum(['off', 'committed_pending', 'effective']),
  version: versionSchema.nullable(),
  zdr_enabled_at: momentSchema.nullable(),
  audit: auditSchema.nullable(),
});

const enabledSchema = z.strictObject({
  state: z.enum(['committed_pending', 'effective']),
  version: versionSchema,
  zdr_enabled_at: momentSchema,
  effective_at: momentSchema.nullable(),
  routers: z.strictObject({
    acknowledged: z.number().int().nullable(),
    lapsed: z.number().int().nullable(),
  }),
  keys_forced_off: z.number().int(),
  audit: auditSchema,
});

const wishSchema = z.strictObject({
  confirm: z.string().max(128).openapi({ description: 'The slug of the organization.' }),
  shred_history: z.boolean().default(false),
  restrict_models: z.boolean().default(false),
});

/** Committed and irrevocable; when it became effective on every router is not known here. */
const enabledJson = (zdr: ZdrCommitment, proof: string | null) => ({
  state: 'committed_pending',
  version: Number(zdr.version),
  zdr_enabled_at: zdr.enabledAt.toISOString(),
  effective_at: null,
  routers: { acknowledged: null, lapsed: null },
  keys_forced_off: zdr.keysForcedOff,
  audit: { event_id: zdr.eventId, proof },
});

export const zdrEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/org/zdr',
    summary: 'Whether Zero Data Retention is on.',
    access: 'management',
    answers: { 200: zdrSchema },
    errors: [],
    handle: async ({ caller, org }) => {
      const { zdr } = await readOrganization(deps, caller, org);
      return {
        status: 200,
        body: {
          state: zdr === undefined ? 'off' : 'committed_pending',
          version: zdr === undefined ? null : Number(zdr.version),
          zdr_enabled_at: zdr?.enabledAt.toISOString() ?? null,
          audit:
            zdr === undefined ? null : { event_id: zdr.eventId, proof: await deps.proofs.ask(zdr.eventId) },
        },
      };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/org/zdr',
    summary: 'Enables Zero Data Retention, for ever. Admins only; nothing turns it off.',
    access: 'management',
    event: 'zdr.enabled',
    body: wishSchema,
    answers: { 202: enabledSchema },
    errors: [501],
    handle: async ({ caller, org, body }) => {
      const zdr = await enableZdr(deps, caller, org, {
        confirmation: body.confirm,
        shredHistory: body.shred_history,
        restrictModels: body.restrict_models,
      });
      return { status: 202, body: enabledJson(zdr, await deps.proofs.wait(zdr.eventId)) };
    },
  }),
];
