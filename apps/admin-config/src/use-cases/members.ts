import { newUuidV7, type UserId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { bounds } from '../domain/bounds.js';
import type { Organization } from '../domain/organization.js';
import type { Caller, OrgRef, OrgRole } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { type RefusedAttempt, RefusedChange } from '../lockdown/refused-change.js';
import { revokeApiKeysOf } from '../store/api-keys.js';
import { deleteMembershipsOf } from '../store/groups.js';
import { revokeTokensOf } from '../store/tokens.js';
import {
  countUsers,
  findUser,
  insertUser,
  markUserRemoved,
  ownerOfUser,
  pageOfUsers,
  setUserRole,
  type User,
} from '../store/users.js';
import { type Change, type Deps, makeChange } from './change.js';
import { refuseForeign } from './foreign.js';
import { lockedOrganization, readableOrganization } from './locked.js';

/** Adds a user with a role. Admins and the operator may. */
export const addMember = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: { readonly name: string; readonly role: OrgRole; readonly email: string | null },
): Promise<UserId> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const id: UserId = newUuidV7();
    const target = { kind: 'user', id } as const;
    guardAdmin(change.principal, {
      orgId: org.id,
      target,
      attempted: 'member.added',
      wished: { role: wish.role },
    });
    if ((await countUsers(change.tx, org.id)) >= bounds.usersPerOrgMax)
      throw new LetheError('gateway.overloaded');
    await insertUser(change.tx, { id, orgId: org.id, ...wish, createdAt: change.now });
    change.audit({ type: 'member.added', orgId: org.id, target, after: { role: wish.role } });
    return id;
  });

/** An organization keeps an admin: nobody else could enable ZDR or give the role back. */
const keepAnAdmin = async (
  change: Change,
  { user, attempt, param }: { readonly user: User; readonly attempt: RefusedAttempt; readonly param: string },
): Promise<void> => {
  if (user.role !== 'admin' || (await countUsers(change.tx, user.orgId, 'admin')) > 1) return;
  throw new RefusedChange('caller.invalid_value', { ...attempt, present: { role: user.role } }, param);
};

/** A user of the organization who was not removed. Throws caller.not_found, or RefusedChange for another's. */
const memberOf = async (
  change: Change,
  org: Organization,
  { userId, attempt }: { readonly userId: UserId; readonly attempt: RefusedAttempt },
): Promise<User> => {
  const user = await findUser(change.tx, org.id, userId);
  if (user !== undefined) return user;
  refuseForeign(change, await ownerOfUser(change.tx, userId), attempt);
  throw new LetheError('caller.not_found');
};

/** Gives a user another role. */
export const assignRole = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: { readonly userId: UserId; readonly role: OrgRole },
): Promise<User> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const target = { kind: 'user', id: wish.userId } as const;
    const attempted = 'member.role_assigned';
    const attempt = { orgId: org.id, target, attempted, wished: { role: wish.role } } as const;
    guardAdmin(change.principal, attempt);
    const user = await memberOf(change, org, { userId: wish.userId, attempt });
    if (user.role === wish.role) return user;
    await keepAnAdmin(change, { user, attempt, param: 'role' });
    await setUserRole(change.tx, user.id, wish.role);
    change.audit({
      type: attempted,
      orgId: org.id,
      target,
      before: { role: user.role },
      after: { role: wish.role },
    });
    return { ...user, role: wish.role };
  });

/** Removes a user: tokens and API keys stop at once, each key with an event of its own. */
export const removeMember = (deps: Deps, caller: Caller, ref: OrgRef, userId: UserId): Promise<void> =>
  makeChange(
    deps,
    caller,
    async (change) => {
      const org = await lockedOrganization(change, ref);
      const target = { kind: 'user', id: userId } as const;
      const attempt = { orgId: org.id, target, attempted: 'member.removed' } as const;
      guardAdmin(change.principal, attempt);
      const user = await memberOf(change, org, { userId, attempt });
      await keepAnAdmin(change, { user, attempt, param: 'user_id' });
      const tokens = await revokeTokensOf(change.tx, userId, change.now);
      const keys = await revokeApiKeysOf(change.tx, userId, change.now);
      await deleteMembershipsOf(change.tx, userId);
      await markUserRemoved(change.tx, userId, change.now);
      change.audit({
        type: 'member.removed',
        orgId: org.id,
        target,
        before: { role: user.role },
        after: { tokens_revoked: tokens, api_keys_revoked: keys.length },
      });
      for (const id of keys)
        change.audit({ type: 'apikey.revoked', orgId: org.id, target: { kind: 'api_key', id } });
    },
    'urgent',
  );

export const listMembers = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  page: { readonly after: UserId | undefined; readonly limit: number },
): Promise<User[]> =>
  deps.database.read(async (db) => {
    const org = await readableOrganization(db, caller.principal, ref);
    return pageOfUsers(db, { orgId: org.id, ...page });
  });
