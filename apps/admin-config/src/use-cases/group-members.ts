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
  ownerOfGroup,
  setMembershipRole,
} from '../store/groups.js';
import { findUser, ownerOfUser } from '../store/users.js';
import { type Change, type Deps, makeChange } from './change.js';
import { refuseForeign } from './foreign.js';
import { lockedOrganization } from './locked.js';

interface MembershipWish {
  readonly groupId: GroupId;
  readonly userId: UserId;
}

interface GroupAttempt {
  readonly wish: MembershipWish & { readonly role?: GroupRole };
  readonly attempted: 'group.member_added' | 'group.member_removed';
}

/** The organization of a group whose members the principal may change. Throws RefusedChange. */
const guardGroup = async (change: Change, ref: OrgRef, { wish, attempted }: GroupAttempt): Promise<OrgId> => {
  const org = await lockedOrganization(change, ref);
  const attempt = {
    target: { kind: 'group', id: wish.groupId },
    attempted,
    wished: { user_id: wish.userId, ...(wish.role === undefined ? {} : { role: wish.role }) },
  } as const;
  if (!mayManageGroup(change.principal, wish.groupId))
    throw new RefusedChange('caller.forbidden', { ...attempt, orgId: org.id });
  if ((await findGroup(change.tx, org.id, wish.groupId)) === undefined) {
    refuseForeign(change, await ownerOfGroup(change.tx, wish.groupId), attempt);
    throw new LetheError('caller.not_found');
  }
  return org.id;
};

const added = (
  change: Change,
  orgId: OrgId,
  {
    wish,
    before,
  }: { readonly wish: MembershipWish & { readonly role: GroupRole }; readonly before?: GroupRole },
): void => {
  change.audit({
    type: 'group.member_added',
    orgId,
    target: { kind: 'group', id: wish.groupId },
    ...(before === undefined ? {} : { before: { role: before } }),
    after: { user_id: wish.userId, role: wish.role },
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
    const orgId = await guardGroup(change, ref, { wish, attempted: 'group.member_added' });
    if ((await findUser(change.tx, orgId, wish.userId)) === undefined) {
      const target = { kind: 'user', id: wish.userId } as const;
      const answer = { code: 'caller.invalid_value', param: 'user_id' } as const;
      const owner = await ownerOfUser(change.tx, wish.userId);
      refuseForeign(change, owner, { target, attempted: 'group.member_added' }, answer);
      throw new LetheError(answer.code, answer.param);
    }
    const present = await findMembership(change.tx, wish.groupId, wish.userId);
    if (present?.role === wish.role) return present;
    if (present !== undefined) throw new LetheError('caller.conflict', 'user_id');
    await insertMembership(change.tx, { ...wish, orgId });
    added(change, orgId, { wish });
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
    const orgId = await guardGroup(change, ref, { wish, attempted: 'group.member_added' });
    const present = await findMembership(change.tx, wish.groupId, wish.userId);
    if (present === undefined) throw new LetheError('caller.not_found', 'user_id');
    if (present.role === wish.role) return present;
    await setMembershipRole(change.tx, wish.groupId, wish);
    added(change, orgId, { wish, before: present.role });
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
    const orgId = await guardGroup(change, ref, { wish, attempted: 'group.member_removed' });
    const present = await findMembership(change.tx, wish.groupId, wish.userId);
    if (present === undefined) throw new LetheError('caller.not_found', 'user_id');
    await deleteMembership(change.tx, wish.groupId, wish.userId);
    change.audit({
      type: 'group.member_removed',
      orgId,
      target: { kind: 'group', id: wish.groupId },
      before: { role: present.role },
      after: { user_id: wish.userId },
    });
  });
