import type { Actor } from '@lethe/zdr-policy';
import { ownsKey } from '../domain/access.js';
import type { ApiKey } from '../domain/api-key.js';
import type { Principal } from '../domain/principal.js';

/** The role under which the decision tables know a principal. Services and nobody may as little as an auditor. */
export const actorOf = (principal: Principal): Actor => {
  if (principal.kind === 'operator') return 'admin';
  if (principal.kind !== 'user') return 'auditor';
  if (principal.role !== 'member') return principal.role;
  return principal.adminGroupIds.size > 0 ? 'group_admin' : 'member';
};

/** The same for one key, with whether it counts as the principal's own. */
export const actorForKey = (
  principal: Principal,
  key: Pick<ApiKey, 'orgId' | 'ownerUserId' | 'groupId'>,
): { readonly actor: Actor; readonly ownsKey: boolean } => ({
  actor: actorOf(principal),
  ownsKey: ownsKey(principal, key),
});
