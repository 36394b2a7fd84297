import { type CatalogModel, type CatalogProvider, resolveModel } from '@lethe/model-catalog';
import { LetheError } from '@lethe/service-kit';
import type { Principal } from '../auth/authenticate.js';
import type { Policy, ProviderAccount } from '../policy/types.js';
import type { UpstreamTarget } from '../providers/types.js';

/** One step of a fallback plan: a model at an account. */
export interface PlannedAttempt {
  readonly provider: CatalogProvider;
  readonly model: CatalogModel;
  readonly upstreamModel: string;
  readonly region: string;
  readonly account: ProviderAccount;
  readonly byok: boolean;
  readonly target: UpstreamTarget;
}

/** Ordered alternatives, every one of them allowed. Never empty. */
export type FallbackPlan = readonly [PlannedAttempt, ...PlannedAttempt[]];

const targets = new WeakMap<ProviderAccount, UpstreamTarget>();

const targetOf = (account: ProviderAccount, provider: CatalogProvider): UpstreamTarget => {
  const known = targets.get(account);
  if (known !== undefined) return known;
  const base = new URL(account.baseUrl);
  const target: UpstreamTarget = {
    origin: base.origin,
    path: base.pathname.replace(/\/$/, '') + provider.chatCompletionsPath,
    credential: account.credential,
    authentication: provider.authentication === 'x-api-key' ? 'x-api-key' : 'bearer',
  };
  targets.set(account, target);
  return target;
};

/** Resolves `provider/model[@region]` to the accounts that may serve it. Throws LetheError caller.model_unknown. */
export const resolvePlan = (modelRequested: string, principal: Principal, policy: Policy): FallbackPlan => {
  const resolved = resolveModel(modelRequested);
  if (resolved === undefined || resolved.provider.dialect !== 'openai')
    throw new LetheError('caller.model_unknown', 'model');
  const { provider, model, region } = resolved;
  const attempts = policy
    .providerAccounts(provider.id, principal.key.orgId)
    .filter((account) => region === undefined || account.region === region.id)
    .map((account) => ({
      provider,
      model,
      upstreamModel: model.upstreamModel,
      region: account.region,
      account,
      byok: account.orgId !== undefined,
      target: targetOf(account, provider),
    }));
  const [first, ...rest] = attempts;
  if (first === undefined) throw new LetheError('caller.model_unknown', 'model');
  return [first, ...rest];
};
