import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import type { Principal } from '../auth/authenticate.js';
import type { ApiKeyPolicy, OrgPolicy, Policy, ProviderAccount, SealingKey } from '../policy/types.js';

interface PolicyShape {
  readonly orgKnown?: boolean;
  readonly gateOpen?: boolean;
  readonly zdr?: boolean;
  readonly logging?: boolean;
  readonly sealingKey?: SealingKey | undefined;
  readonly accounts?: readonly ProviderAccount[];
}

export const keySha256Hex = 'ab'.repeat(32);

/** For tests: a policy with one organization and one key, and the principal that key makes. */
export const policyOf = (
  shape: PolicyShape,
): { readonly policy: Policy; readonly principal: Principal; readonly org: OrgPolicy } => {
  const orgId = newUuidV7() as OrgId;
  const org: OrgPolicy = {
    orgId,
    zdr: shape.zdr ?? false,
    userPseudonymKey: Buffer.alloc(32, 9),
    registeredFields: new Map([['team', { type: 'listed', listedValues: new Set(['blue', 'red']) }]]),
    payloadLimits: { partBytesMax: 4096, totalBytesMax: 65_536 },
    distinctValuesPerDayMax: 1000,
  };
  const key: ApiKeyPolicy = {
    apiKeyId: newUuidV7() as ApiKeyId,
    orgId,
    groupId: undefined,
    userId: undefined,
    logging: shape.logging ?? false,
    debug: false,
    sealingKey: shape.sealingKey,
    expiresAtMs: 0,
  };
  const known = shape.orgKnown ?? true;
  const policy: Policy = {
    version: 1n,
    usable: () => true,
    gate: { open: () => shape.gateOpen ?? true },
    apiKey: (sha256Hex) => (sha256Hex === keySha256Hex ? key : undefined),
    organization: (id) => (known && id === orgId ? org : undefined),
    providerAccounts: () => shape.accounts ?? [],
    providers: () => [],
  };
  return { policy, org, principal: { keySha256Hex, key, org: known ? org : undefined } };
};
