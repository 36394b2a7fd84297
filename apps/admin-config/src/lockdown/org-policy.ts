import { mayAdminister } from '../domain/access.js';
import type { Organization } from '../domain/organization.js';
import type { Principal } from '../domain/principal.js';
import { RefusedChange } from './refused-change.js';

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
