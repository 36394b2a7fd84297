import type { RetentionReason } from '@lethe/contracts';
import { decideRetention, type RetentionDecision, type RetentionInput } from '@lethe/zdr-policy';
import type { Principal } from '../auth/authenticate.js';
import type { ApiKeyPolicy, OrgPolicy, Policy } from '../policy/types.js';

const inputFor = (
  policy: Policy,
  key: ApiKeyPolicy | undefined,
  org: OrgPolicy | undefined,
  telemetryOnly: boolean,
): RetentionInput => ({
  orgPolicy: org === undefined || key === undefined ? 'unknown' : policy.gate.open() ? 'known' : 'stale',
  zdr: org?.zdr ?? true,
  keyLogging: key?.logging ?? false,
  sealingKey: key?.sealingKey !== undefined,
  wish: telemetryOnly ? 'telemetry_only' : 'none',
});

/** LAYER 1. The retention decision for one request over the policy as it stands now: asked at admission and again before a payload is attached. */
export const decideNow = (
  requestId: string,
  policy: Policy,
  principal: Principal,
  telemetryOnly: boolean,
): RetentionDecision => {
  const key = policy.apiKey(principal.keySha256Hex);
  const sameOwner =
    key !== undefined && key.orgId === principal.key.orgId && key.apiKeyId === principal.key.apiKeyId;
  const org = sameOwner ? policy.organization(key.orgId) : undefined;
  return decideRetention(requestId, inputFor(policy, sameOwner ? key : undefined, org, telemetryOnly));
};

/** The reason a decision goes into telemetry with. */
export const reasonOf = (decision: RetentionDecision): RetentionReason =>
  decision.kind === 'payload_granted' ? 'granted' : decision.reason;
