import type { UserId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { deleteSalt, operatorSaltId } from '../store/audit-salts.js';
import { ownerOfUser } from '../store/users.js';
import { type Deps, makeChange } from './change.js';
import { refuseForeign } from './foreign.js';
import { lockedOrganization } from './locked.js';

/**
 * Deletes the salt of a user, removed ones too: from then on nobody can tell which digests in the audit log are
 * theirs, and the log stays whole. Without a salt nothing changes. Whoever acts again gets a new one.
 */
export const eraseAuditSalt = (deps: Deps, caller: Caller, ref: OrgRef, userId: UserId): Promise<void> =>
  makeChange(
    deps,
    caller,
    async (change) => {
      const org = await lockedOrganization(change, ref);
      const target = { kind: 'user', id: userId } as const;
      const attempt = { orgId: org.id, target, attempted: 'member.erased' } as const;
      guardAdmin(change.principal, attempt);
      const owner = await ownerOfUser(change.tx, userId);
      refuseForeign(change, owner, attempt);
      if (owner !== org.id) throw new LetheError('caller.not_found');
      if (!(await deleteSalt(change.tx, userId))) return;
      change.audit({ type: 'member.erased', orgId: org.id, target, after: { salt_deleted: true } });
    },
    'urgent',
  );

/** The same for whoever held the operator's token. */
export const eraseOperatorSalt = (deps: Deps, caller: Caller): Promise<void> =>
  makeChange(
    deps,
    caller,
    async (change) => {
      if (!(await deleteSalt(change.tx, operatorSaltId))) return;
      const target = { kind: 'user', id: 'operator' } as const;
      change.audit({ type: 'member.erased', orgId: undefined, target, after: { salt_deleted: true } });
    },
    'urgent',
  );
