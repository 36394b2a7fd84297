import type { GroupId, OrgId, UserId, Uuid } from '@lethe/contracts';
import { and, asc, count, eq, gt, isNull } from 'drizzle-orm';
import type { OrgRole, UserPrincipal } from '../domain/principal.js';
import type { Queryable } from './database.js';
import { appUser, groupMember, managementToken, organization } from './schema.js';

export interface User {
  readonly id: UserId;
  readonly orgId: OrgId;
  readonly name: string;
  readonly role: OrgRole;
  /** In lower case. */
  readonly email: string | null;
  readonly createdAt: Date;
}

const columns = {
  id: appUser.id,
  orgId: appUser.orgId,
  name: appUser.name,
  role: appUser.role,
  email: appUser.email,
  createdAt: appUser.createdAt,
};

/** Finds a user of the organization who was not removed. */
export const findUser = async (db: Queryable, orgId: OrgId, id: UserId): Promise<User | undefined> => {
  const [row] = await db
    .select(columns)
    .from(appUser)
    .where(and(eq(appUser.id, id), eq(appUser.orgId, orgId), isNull(appUser.removedAt)));
  return row;
};

/** The organization of a user, whichever it is, also of one that was removed. */
export const ownerOfUser = async (db: Queryable, id: UserId): Promise<OrgId | undefined> => {
  const [row] = await db.select({ orgId: appUser.orgId }).from(appUser).where(eq(appUser.id, id));
  return row?.orgId;
};

export const pageOfUsers = (
  db: Queryable,
  page: { readonly orgId: OrgId; readonly after: UserId | undefined; readonly limit: number },
): Promise<User[]> =>
  db
    .select(columns)
    .from(appUser)
    .where(
      and(
        eq(appUser.orgId, page.orgId),
        isNull(appUser.removedAt),
        page.after === undefined ? undefined : gt(appUser.id, page.after),
      ),
    )
    .orderBy(asc(appUser.id))
    .limit(page.limit);

export const countUsers = async (db: Queryable, orgId: OrgId, role?: OrgRole): Promise<number> => {
  const [row] = await db
    .select({ users: count() })
    .from(appUser)
    .where(
      and(
        eq(appUser.orgId, orgId),
        isNull(appUser.removedAt),
        role === undefined ? undefined : eq(appUser.role, role),
      ),
    );
  return row?.users ?? 0;
};

export const insertUser = async (tx: Queryable, user: User): Promise<void> => {
  await tx.insert(appUser).values(user);
};

export const setUserRole = async (tx: Queryable, id: UserId, role: OrgRole): Promise<void> => {
  await tx.update(appUser).set({ role }).where(eq(appUser.id, id));
};

export const markUserRemoved = async (tx: Queryable, id: UserId, now: Date): Promise<void> => {
  await tx.update(appUser).set({ removedAt: now }).where(eq(appUser.id, id));
};

/** Who a management token belongs to, now; undefined when the token was revoked or the user removed. */
export const findPrincipal = async (
  db: Queryable,
  token: { readonly sha256: Buffer } | { readonly id: Uuid },
): Promise<UserPrincipal | undefined> => {
  const [row] = await db
    .select({
      tokenId: managementToken.id,
      userId: appUser.id,
      orgId: appUser.orgId,
      orgSlug: organization.slug,
      role: appUser.role,
    })
    .from(managementToken)
    .innerJoin(appUser, eq(appUser.id, managementToken.userId))
    .innerJoin(organization, eq(organization.id, appUser.orgId))
    .where(
      and(
        'id' in token ? eq(managementToken.id, token.id) : eq(managementToken.sha256, token.sha256),
        isNull(managementToken.revokedAt),
        isNull(appUser.removedAt),
      ),
    );
  if (row === undefined) return undefined;
  return { kind: 'user', ...row, adminGroupIds: await adminGroupIds(db, row.userId) };
};

const adminGroupIds = async (db: Queryable, userId: UserId): Promise<ReadonlySet<GroupId>> => {
  const rows = await db
    .select({ groupId: groupMember.groupId })
    .from(groupMember)
    .where(and(eq(groupMember.userId, userId), eq(groupMember.role, 'admin')));
  return new Set(rows.map((row) => row.groupId));
};
