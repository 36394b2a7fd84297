import { z } from '@hono/zod-openapi';
import type { ZdrCommitment } from '../domain/zdr.js';
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

const witnessesSchema = z.array(
  z.strictObject({ router_id: z.string(), boot_id: z.string(), after_ms: z.number().int() }),
);

const barrierSchema = z
  .strictObject({
    acknowledged: witnessesSchema,
    lapsed: witnessesSchema,
    took_ms: z.number().int(),
    event_id: uuidSchema,
  })
  .openapi({
    description: 'Each router that might still have written payload, and when it was known not to any more.',
  });

const historySchema = z
  .strictObject({
    shredded_at: momentSchema.nullable(),
    backups_hold_key_until: momentSchema.nullable().openapi({
      description: 'Until then backups made before may still hold the wrapped key of the history.',
    }),
  })
  .openapi({ description: 'Null: shredding the history was not wished.' });

const stepsShape = {
  effective_at: momentSchema.nullable(),
  routers: z.strictObject({
    acknowledged: z.number().int().nullable(),
    lapsed: z.number().int().nullable(),
  }),
  barrier: barrierSchema.nullable(),
  history: historySchema.nullable(),
};

const zdrSchema = z.strictObject({
  state: z.enum(['off', 'committed_pending', 'effective']),
  version: versionSchema.nullable(),
  zdr_enabled_at: momentSchema.nullable(),
  ...stepsShape,
  keys_forced_off: z.number().int().nullable(),
  audit: auditSchema.nullable(),
});

const enabledShape = {
  version: versionSchema,
  zdr_enabled_at: momentSchema,
  ...stepsShape,
  keys_forced_off: z.number().int(),
  audit: auditSchema,
};
const effectiveSchema = z.strictObject({ state: z.literal('effective'), ...enabledShape });
const pendingSchema = z.strictObject({ state: z.literal('committed_pending'), ...enabledShape });

const wishSchema = z.strictObject({
  confirm: z.string().max(128).openapi({ description: 'The slug of the organization.' }),
  shred_history: z.boolean().default(false).openapi({
    description: 'Also destroys the keys of what was kept until now. Only together with the first call.',
  }),
  restrict_models: z.boolean().default(false),
});

const dayMs = 24 * 3_600_000;

const historyJson = ({ shredHistory, shreddedAt }: ZdrCommitment, backupRetentionDays: number) => {
  if (!shredHistory) return null;
  const until = shreddedAt && new Date(shreddedAt.getTime() + backupRetentionDays * dayMs);
  return {
    shredded_at: shreddedAt?.toISOString() ?? null,
    backups_hold_key_until: until?.toISOString() ?? null,
  };
};

const nothing = {
  state: 'off',
  version: null,
  zdr_enabled_at: null,
  effective_at: null,
  routers: { acknowledged: null, lapsed: null },
  barrier: null,
  history: null,
  keys_forced_off: null,
  audit: null,
} as const;

/** What is known of a commitment, the same for whoever asks. */
const enabledJson = (zdr: ZdrCommitment, backupRetentionDays: number, proof: string | null) => {
  const { evidence, eventId } = zdr.barrier ?? {};
  return {
    state: zdr.effectiveAt === undefined ? 'committed_pending' : 'effective',
    version: Number(zdr.version),
    zdr_enabled_at: zdr.enabledAt.toISOString(),
    effective_at: zdr.effectiveAt?.toISOString() ?? null,
    routers: {
      acknowledged: evidence?.acknowledged.length ?? null,
      lapsed: evidence?.lapsed.length ?? null,
    },
    barrier: evidence === undefined ? null : { ...evidence, event_id: eventId },
    history: historyJson(zdr, backupRetentionDays),
    keys_forced_off: zdr.keysForcedOff,
    audit: { event_id: zdr.eventId, proof },
  };
};

export const zdrEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/org/zdr',
    summary: 'Whether Zero Data Retention is on, and effective everywhere.',
    access: 'management',
    answers: { 200: zdrSchema },
    errors: [],
    handle: async ({ caller, org }) => {
      const { zdr } = await readOrganization(deps, caller, org);
      if (zdr === undefined) return { status: 200, body: nothing };
      const proof = await deps.proofs.ask(zdr.eventId);
      return { status: 200, body: enabledJson(zdr, deps.zdr.backupRetentionDays, proof) };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/org/zdr',
    summary: 'Enables Zero Data Retention, for ever. Admins only; nothing turns it off.',
    access: 'management',
    event: 'zdr.enabled',
    body: wishSchema,
    answers: { 200: effectiveSchema, 202: pendingSchema },
    errors: [409, 501],
    handle: async ({ caller, org, body }) => {
      const { zdr, proof } = await enableZdr(deps, caller, org, {
        confirmation: body.confirm,
        shredHistory: body.shred_history,
        restrictModels: body.restrict_models,
      });
      const isEffective = zdr.effectiveAt !== undefined;
      const answer = enabledJson(zdr, deps.zdr.backupRetentionDays, proof);
      return { status: isEffective ? 200 : 202, body: answer };
    },
  }),
];
