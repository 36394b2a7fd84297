import type { GroupId, OrgId, UserId } from '@lethe/contracts';
import { and, asc, count, eq, gt } from 'drizzle-orm';
import type { GroupRole } from '../domain/principal.js';
import type { Queryable } from './database.js';
import { groupMember, userGroup } from './schema.js';

export type Group = typeof userGroup.$inferSelect;
export interface GroupMembership {
  readonly userId: UserId;
  readonly role: GroupRole;
}

export const findGroup = async (db: Queryable, orgId: OrgId, id: GroupId): Promise<Group | undefined> => {
  const [row] = await db
    .select()
    .from(userGroup)
    .where(and(eq(userGroup.id, id), eq(userGroup.orgId, orgId)));
  return row;
};

/** The organization of a group, whichever it is. */
export const ownerOfGroup = async (db: Queryable, id: GroupId): Promise<OrgId | undefined> => {
  const [row] = await db.select({ orgId: userGroup.orgId }).from(userGroup).where(eq(userGroup.id, id));
  return row?.orgId;
};

export const pageOfGroups = (
  db: Queryable,
  page: { readonly orgId: OrgId; readonly after: GroupId | undefined; readonly limit: number },
): Promise<Group[]> =>
  db
    .select()
    .from(userGroup)
    .where(
      and(
        eq(userGroup.orgId, page.orgId),
        page.after === undefined ? undefined : gt(userGroup.id, page.after),
      ),
    )
    .orderBy(asc(userGroup.id))
    .limit(page.limit);

export const countGroups = async (db: Queryable, orgId: OrgId): Promise<number> => {
  const [row] = await db.select({ groups: count() }).from(userGroup).where(eq(userGroup.orgId, orgId));
  return row?.groups ?? 0;
};

export const hasGroupNamed = async (db: Queryable, orgId: OrgId, name: string): Promise<boolean> => {
  const rows = await db
    .select({ id: userGroup.id })
    .from(userGroup)
    .where(and(eq(userGroup.orgId, orgId), eq(userGroup.name, name)));
  return rows.length > 0;
};

export const insertGroup = async (tx: Queryable, group: Group): Promise<void> => {
  await tx.insert(userGroup).values(group);
};

/** Deletes a group; its memberships go with it, its keys stay without a group. */
export const deleteGroup = async (tx: Queryable, id: GroupId): Promise<void> => {
  await tx.delete(userGroup).where(eq(userGroup.id, id));
};

export const membersOfGroup = (db: Queryable, groupId: GroupId): Promise<GroupMembership[]> =>
  db
    .select({ userId: groupMember.userId, role: groupMember.role })
    .from(groupMember)
    .where(eq(groupMember.groupId, groupId))
    .orderBy(asc(groupMember.userId));

export const findMembership = async (
  db: Queryable,
  groupId: GroupId,
  userId: UserId,
): Promise<GroupMembership | undefined> => {
  const [row] = await db
    .select({ userId: groupMember.userId, role: groupMember.role })
    .from(groupMember)
    .where(and(eq(groupMember.groupId, groupId), eq(groupMember.userId, userId)));
  return row;
};

export const insertMembership = async (
  tx: Queryable,
  membership: typeof groupMember.$inferSelect,
): Promise<void> => {
  await tx.insert(groupMember).values(membership);
};

export const setMembershipRole = async (
  tx: Queryable,
  groupId: GroupId,
  membership: GroupMembership,
): Promise<void> => {
  await tx
    .update(groupMember)
    .set({ role: membership.role })
    .where(and(eq(groupMember.groupId, groupId), eq(groupMember.userId, membership.userId)));
};

export const deleteMembership = async (tx: Queryable, groupId: GroupId, userId: UserId): Promise<void> => {
  await tx.delete(groupMember).where(and(eq(groupMember.groupId, groupId), eq(groupMember.userId, userId)));
};

export const deleteMembershipsOf = async (tx: Queryable, userId: UserId): Promise<void> => {
  await tx.delete(groupMember).where(eq(groupMember.userId, userId));
};
