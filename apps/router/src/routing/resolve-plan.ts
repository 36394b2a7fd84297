import {
  type CatalogModel,
  type CatalogProvider,
  type ResolvedModel,
  resolveModel,
} from '@lethe/model-catalog';
import { LetheError } from '@lethe/service-kit';
import type { Principal } from '../auth/authenticate.js';
import type { Face } from '../dialects/face.js';
import type { Policy, ProviderAccount } from '../policy/types.js';
import type { UpstreamTarget } from '../providers/types.js';

/** One step of a fallback plan: a model at an account. */
export interface PlannedAttempt {
  readonly provider: CatalogProvider;
  readonly model: CatalogModel;
  readonly upstreamModel: string;
  /** The same as a JSON string. */
  readonly upstreamModelJson: Buffer;
  readonly region: string;
  readonly account: ProviderAccount;
  readonly byok: boolean;
  readonly target: UpstreamTarget;
}

/** Ordered alternatives, every one of them allowed. Never empty. */
export type FallbackPlan = readonly [PlannedAttempt, ...PlannedAttempt[]];

type PathsOf = Map<string, UpstreamTarget>;
const targets = new WeakMap<ProviderAccount, PathsOf>();

const authenticationOf = ({ authentication }: CatalogProvider): UpstreamTarget['authentication'] =>
  authentication === 'x-api-key' || authentication === 'api-key' ? authentication : 'bearer';

/** Where an endpoint lies at an account; made once for each. */
const targetOf = (account: ProviderAccount, provider: CatalogProvider, path: string): UpstreamTarget => {
  let known = targets.get(account);
  if (known === undefined) {
    known = new Map();
    targets.set(account, known);
  }
  const before = known.get(path);
  if (before !== undefined) return before;
  const base = new URL(account.baseUrl);
  const target: UpstreamTarget = {
    origin: base.origin,
    path: base.pathname.replace(/\/$/, '') + path,
    credential: account.credential,
    authentication: authenticationOf(provider),
    ...(account.route === undefined ? {} : { route: account.route }),
  };
  known.set(path, target);
  return target;
};

interface Asking {
  readonly principal: Principal;
  readonly policy: Policy;
}

/** Plans over accounts that an organization shares with others: such a list lives as long as its snapshot. */
const plans = new WeakMap<readonly ProviderAccount[], Map<string, FallbackPlan>>();
const plansMax = 4096;

const planOver = (
  accounts: readonly ProviderAccount[],
  { provider, model, region }: ResolvedModel,
  path: string,
): FallbackPlan => {
  const attempts = accounts
    .filter((account) => region === undefined || account.region === region.id)
    .map((account) => ({
      provider,
      model,
      upstreamModel: model.upstreamModel,
      upstreamModelJson: Buffer.from(JSON.stringify(model.upstreamModel)),
      region: account.region,
      account,
      byok: account.orgId !== undefined,
      target: targetOf(account, provider, path),
    }));
  const [first, ...rest] = attempts;
  if (first === undefined) throw new LetheError('caller.model_unknown', 'model');
  return [first, ...rest];
};

/**
 * Resolves `provider/model[@region]` to the accounts that may serve it at this endpoint. Throws LetheError
 * caller.model_unknown, or caller.endpoint_mismatch for a model that is offered elsewhere only.
 */
export const resolvePlan = (modelRequested: string, face: Face, asking: Asking): FallbackPlan => {
  const resolved = resolveModel(modelRequested);
  if (resolved === undefined) throw new LetheError('caller.model_unknown', 'model');
  const { provider, model } = resolved;
  const path = provider.paths[face.endpoint];
  if (path === undefined || !model.endpoints.includes(face.endpoint))
    throw new LetheError('caller.endpoint_mismatch', 'model');
  const accounts = asking.policy.providerAccounts(provider.id, asking.principal.key.orgId);
  let known = plans.get(accounts);
  if (known === undefined) {
    known = new Map();
    plans.set(accounts, known);
  }
  const name = `${path} ${modelRequested}`;
  const before = known.get(name);
  if (before !== undefined) return before;
  const plan = planOver(accounts, resolved, path);
  if (known.size < plansMax) known.set(name, plan);
  return plan;
};
