import { setTimeout as pause } from 'node:timers/promises';
import { CallRefused } from '../../operator/api-client.js';
import type { OperatorApi } from '../../operator/operator-api.js';
import { remark } from '../../terminal/print.js';
import type { DemoOrganization, Secrets } from '../home/secrets-codec.js';
import { type DemoPlan, demoPlan } from './demo-plan.js';
import type { ManagementApi, ZdrState } from './management-api.js';

export interface SeedOptions {
  readonly operator: OperatorApi;
  /** The calls with an organization's own token or key. */
  readonly management: (credential: string) => ManagementApi;
  readonly secrets: Secrets;
  /** Called after each thing that was made: what is not saved is made again by the next start. */
  readonly save: () => Promise<void>;
  readonly signal: AbortSignal;
  /** How long ZDR may take to become effective. Default 30000. */
  readonly zdrPatienceMs?: number;
}

const askEveryMs = 100;
const zdrPatienceMsDefault = 30_000;

const createIfMissing = async (operator: OperatorApi, plan: DemoPlan): Promise<void> => {
  try {
    await operator.createOrganization(plan.slug, plan.name);
  } catch (error) {
    if (!(error instanceof CallRefused) || error.status !== 409) throw error;
  }
};

const ensurePerson = async (
  options: SeedOptions,
  organization: DemoOrganization,
  role: 'admin' | 'member',
): Promise<string> => {
  const known = organization[role];
  if (known !== undefined && (await options.management(known.token).isToken())) return known.token;
  const { user_id: userId } = await options.operator.addMember(organization.slug, `Demo ${role}`, role);
  const { token } = await options.operator.createToken(organization.slug, userId, 'demo');
  organization[role] = { userId, token };
  await options.save();
  return token;
};

const ensureKeys = async (
  options: SeedOptions,
  organization: DemoOrganization,
  plan: DemoPlan,
  management: ManagementApi,
): Promise<void> => {
  const hasZdr = (await management.zdrState()) !== 'off';
  for (const { name, logging } of plan.keys) {
    const known = organization.keys[name];
    if (known !== undefined && (await options.management(known.key).isKey())) continue;
    const made = await options.operator.createKey(organization.slug, {
      name,
      ownerUserId: organization.admin?.userId ?? '',
      logging: logging && !hasZdr,
    });
    organization.keys[name] = { id: made.api_key_id, key: made.api_key };
    await options.save();
  }
};

/**
 * As a user would: enables it where it is off, and asks until it is effective. Where it does not get there in time it is
 * committed all the same, nothing is captured, and whoever mends what is wrong needs a Lethe that runs.
 */
const ensureZdr = async (
  { signal, zdrPatienceMs = zdrPatienceMsDefault }: SeedOptions,
  slug: string,
  management: ManagementApi,
): Promise<void> => {
  const deadlineMs = performance.now() + zdrPatienceMs;
  let state: ZdrState = await management.zdrState();
  if (state === 'off') state = await management.enableZdr(slug);
  while (state !== 'effective' && !signal.aborted) {
    if (performance.now() > deadlineMs) {
      remark(
        `  Zero Data Retention of ${slug} is committed, but not yet effective: see the log of admin-config`,
      );
      return;
    }
    await pause(askEveryMs);
    state = await management.zdrState().catch(() => state);
  }
};

/**
 * Makes what is missing of the demo and leaves what is there alone; so it also repairs a start that was cut short, and
 * replaces a token or key that was revoked, or a key whose secret was rotated.
 */
export const seedDemo = async (options: SeedOptions): Promise<void> => {
  const { secrets, operator } = options;
  for (const plan of demoPlan) {
    let organization = secrets.organizations.find(({ slug }) => slug === plan.slug);
    if (organization === undefined) {
      await createIfMissing(operator, plan);
      organization = { slug: plan.slug, keys: {} };
      secrets.organizations.push(organization);
      await options.save();
    }
    const adminToken = await ensurePerson(options, organization, 'admin');
    await ensurePerson(options, organization, 'member');
    const management = options.management(adminToken);
    await ensureKeys(options, organization, plan, management);
    if (plan.zdr) await ensureZdr(options, plan.slug, management);
  }
};
