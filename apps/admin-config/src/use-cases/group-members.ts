import type { GroupId, OrgId, UserId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { mayManageGroup } from '../domain/access.js';
import type { Caller, GroupRole, OrgRef } from '../domain/principal.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import {
  deleteMembership,
  findGroup,
  findMembership,
  type GroupMembership,
  insertMembership,
  setMembershipRole,
} from '../store/groups.js';
import { findUser } from '../store/users.js';
import { type Change, type Deps, makeChange } from './change.js';
import { lockedOrganization } from './locked.js';

interface MembershipWish {
  readonly groupId: GroupId;
  readonly userId: UserId;
}

/** The organization of a group whose members the principal may change. Throws RefusedChange. */
const guardGroup = async (
  change: Change,
  ref: OrgRef,
  wish: MembershipWish & { readonly role?: GroupRole },
): Promise<OrgId> => {
  const org = await lockedOrganization(change, ref);
  if (!mayManageGroup(change.principal, wish.groupId))
    throw new RefusedChange('caller.forbidden', {
      orgId: org.id,
      target: { kind: 'group', id: wish.groupId },
      ...(wish.role === undefined ? {} : { wished: { role: wish.role } }),
    });
  if ((await findGroup(change.tx, org.id, wish.groupId)) === undefined)
    throw new LetheError('caller.not_found');
  return org.id;
};

const added = (change: Change, orgId: OrgId, wish: MembershipWish, role: GroupRole): void => {
  change.audit({
    type: 'group.member_added',
    orgId,
    target: { kind: 'group', id: wish.groupId },
    after: { user_id: wish.userId, role },
  });
};

/** Puts a user into a group. Rejects with caller.conflict when the user is in it with another role. */
export const addGroupMember = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: MembershipWish & { readonly role: GroupRole },
): Promise<GroupMembership> =>
  makeChange(deps, caller, async (change) => {
    const orgId = await guardGroup(change, ref, wish);
    if ((await findUser(change.tx, orgId, wish.userId)) === undefined)
      throw new LetheError('caller.invalid_value', 'user_id');
    const present = await findMembership(change.tx, wish.groupId, wish.userId);
    if (present?.role === wish.role) return present;
    if (present !== undefined) throw new LetheError('caller.conflict', 'user_id');
    await insertMembership(change.tx, { ...wish, orgId });
    added(change, orgId, wish, wish.role);
    return { userId: wish.userId, role: wish.role };
  });

/** Gives a member of a group another role in it. */
export const assignGroupRole = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: MembershipWish & { readonly role: GroupRole },
): Promise<GroupMembership> =>
  makeChange(deps, caller, async (change) => {
    const orgId = await guardGroup(change, ref, wish);
    const present = await findMembership(change.tx, wish.groupId, wish.userId);
    if (present === undefined) throw new LetheError('caller.not_found', 'user_id');
    if (present.role === wish.role) return present;
    await setMembershipRole(change.tx, wish.groupId, wish);
    added(change, orgId, wish, wish.role);
    return { userId: wish.userId, role: wish.role };
  });

/** Takes a user out of a group. */
export const removeGroupMember = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: MembershipWish,
): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const orgId = await guardGroup(change, ref, wish);
    if ((await findMembership(change.tx, wish.groupId, wish.userId)) === undefined)
      throw new LetheError('caller.not_found', 'user_id');
    await deleteMembership(change.tx, wish.groupId, wish.userId);
    change.audit({
      type: 'group.member_removed',
      orgId,
      target: { kind: 'group', id: wish.groupId },
      after: { user_id: wish.userId },
    });
  });
