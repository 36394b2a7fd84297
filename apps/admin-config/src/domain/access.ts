import type { GroupId } from '@lethe/contracts';
import type { ApiKey } from './api-key.js';
import type { Principal } from './principal.js';

type KeyOwnership = Pick<ApiKey, 'orgId' | 'ownerUserId' | 'groupId'>;

/** A member's own key, or one of a group that the member administers. */
export const ownsKey = (principal: Principal, key: KeyOwnership): boolean =>
  principal.kind === 'user' &&
  principal.orgId === key.orgId &&
  (key.ownerUserId === principal.userId ||
    (key.groupId !== undefined && principal.adminGroupIds.has(key.groupId)));

/** Whether the principal changes a key's name, labels, limit, expiry or secrets. Auditors change nothing. */
export const mayManageKey = (principal: Principal, key: KeyOwnership): boolean => {
  if (principal.kind === 'operator') return true;
  if (principal.kind !== 'user' || principal.role === 'auditor' || principal.orgId !== key.orgId)
    return false;
  return principal.role === 'admin' || ownsKey(principal, key);
};

/** Whether the principal sees a key: admins and auditors all of their organization, members theirs. */
export const mayReadKey = (principal: Principal, key: KeyOwnership): boolean =>
  mayManageKey(principal, key) ||
  (principal.kind === 'user' &&
    principal.orgId === key.orgId &&
    (principal.role === 'auditor' || ownsKey(principal, key)));

/** Admins run the organization; the operator does what `lethe` commands offer. */
export const mayAdminister = (principal: Principal): boolean =>
  principal.kind === 'operator' || (principal.kind === 'user' && principal.role === 'admin');

/** Admins, and the group's own admins, say who is in a group. */
export const mayManageGroup = (principal: Principal, groupId: GroupId): boolean =>
  mayAdminister(principal) ||
  (principal.kind === 'user' && principal.role === 'member' && principal.adminGroupIds.has(groupId));
