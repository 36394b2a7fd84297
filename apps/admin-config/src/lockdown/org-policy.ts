import { mayAdminister } from '../domain/access.js';
import type { Organization, PayloadLimits } from '../domain/organization.js';
import type { Principal } from '../domain/principal.js';
import { type RefusedAttempt, RefusedChange } from './refused-change.js';

// LAYER 4, in code: the organization's own logging policy.

const current = {
  default_logging: (org: Organization) => org.defaultLogging,
  allow_logging_change: (org: Organization) => org.allowLoggingChange,
} as const;

export type OrgPolicyField = keyof typeof current;

interface OrgPolicyChange {
  readonly principal: Principal;
  readonly org: Organization;
  readonly field: OrgPolicyField;
  readonly to: boolean;
}

/** Whether a field of the logging policy is to be written: admins only, and nothing is loosened under ZDR. */
export const guardOrgPolicy = ({ principal, org, field, to }: OrgPolicyChange): 'change' | 'no_change' => {
  const attempt = {
    orgId: org.id,
    target: { kind: 'organization', id: org.id },
    attempted: 'org.updated',
    present: { [field]: current[field](org) },
    wished: { [field]: to },
  } as const;
  if (!mayAdminister(principal)) throw new RefusedChange('caller.forbidden', attempt, field);
  if (to && org.zdr !== undefined) throw new RefusedChange('org_policy.zdr_irrevocable', attempt, field);
  return current[field](org) === to ? 'no_change' : 'change';
};

interface PayloadLimitsChange {
  readonly org: Organization;
  readonly to: PayloadLimits;
  /** The limits as settings of an event: as they are, and as they are wished. */
  readonly present: NonNullable<RefusedAttempt['present']>;
  readonly wished: NonNullable<RefusedAttempt['wished']>;
}

/** Whether payload limits are to be written: under ZDR none is raised, though nothing is kept there anyway. */
export const guardPayloadLimits = (change: PayloadLimitsChange): 'change' | 'no_change' => {
  const { org, to, present, wished } = change;
  const from = org.payloadLimits;
  const raises = to.partBytesMax > from.partBytesMax || to.totalBytesMax > from.totalBytesMax;
  if (raises && org.zdr !== undefined) {
    const target = { kind: 'organization', id: org.id } as const;
    const attempt = { orgId: org.id, target, attempted: 'org.updated', present, wished } as const;
    throw new RefusedChange('org_policy.zdr_irrevocable', attempt, 'payload_limits');
  }
  const same = to.partBytesMax === from.partBytesMax && to.totalBytesMax === from.totalBytesMax;
  return same ? 'no_change' : 'change';
};
