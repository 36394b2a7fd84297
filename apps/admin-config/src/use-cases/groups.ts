import { type GroupId, newUuidV7, type UserId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { mayManageGroup } from '../domain/access.js';
import { bounds } from '../domain/bounds.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { putApiKeysRows } from '../outbox/calls.js';
import { apiKeysOfGroup } from '../store/api-keys.js';
import {
  countGroups,
  deleteGroup,
  findGroup,
  type Group,
  type GroupMembership,
  hasGroupNamed,
  insertGroup,
  membersOfGroup,
  ownerOfGroup,
  pageOfGroups,
} from '../store/groups.js';
import { type Deps, makeChange } from './change.js';
import { refuseForeign } from './foreign.js';
import { lockedOrganization, readableOrganization } from './locked.js';

/** Makes a group. Rejects with caller.conflict when the organization has one of that name. */
export const createGroup = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: { readonly name: string; readonly monthlyLimitNano: bigint },
): Promise<GroupId> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const id: GroupId = newUuidV7();
    const target = { kind: 'group', id } as const;
    guardAdmin(change.principal, { orgId: org.id, target, attempted: 'group.created' });
    if ((await countGroups(change.tx, org.id)) >= bounds.groupsPerOrgMax)
      throw new LetheError('gateway.overloaded');
    if (await hasGroupNamed(change.tx, org.id, wish.name)) throw new LetheError('caller.conflict', 'name');
    await insertGroup(change.tx, { id, orgId: org.id, ...wish, createdAt: change.now });
    change.audit({ type: 'group.created', orgId: org.id, target });
    return id;
  });

/** Deletes a group. Its keys stay, without a group. */
export const removeGroup = (deps: Deps, caller: Caller, ref: OrgRef, id: GroupId): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const target = { kind: 'group', id } as const;
    const attempted = 'group.deleted';
    guardAdmin(change.principal, { orgId: org.id, target, attempted });
    if ((await findGroup(change.tx, org.id, id)) === undefined) {
      refuseForeign(change, await ownerOfGroup(change.tx, id), { target, attempted });
      throw new LetheError('caller.not_found');
    }
    const keys = await apiKeysOfGroup(change.tx, id);
    const members = await membersOfGroup(change.tx, id);
    await deleteGroup(change.tx, id);
    const before = { members: members.length, api_keys: keys.length };
    change.audit({ type: attempted, orgId: org.id, target, before });
    change.send(
      putApiKeysRows(
        org.id,
        keys.map((key) => ({ ...key, groupId: undefined })),
        change.version,
      ),
    );
  });

export const listGroups = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  page: { readonly after: GroupId | undefined; readonly limit: number },
): Promise<Group[]> =>
  deps.database.read(async (db) => {
    const org = await readableOrganization(db, caller.principal, ref);
    return pageOfGroups(db, { orgId: org.id, ...page });
  });

/** A group and who is in it: for admins, auditors and the group's own members. */
export const readGroup = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  id: GroupId,
): Promise<{ readonly group: Group; readonly members: readonly GroupMembership[] }> =>
  deps.database.read(async (db) => {
    const org = await readableOrganization(db, caller.principal, ref);
    const group = await findGroup(db, org.id, id);
    if (group === undefined) throw new LetheError('caller.not_found');
    const members = await membersOfGroup(db, id);
    if (!seesMembers(caller, id, members)) throw new LetheError('caller.forbidden');
    return { group, members };
  });

const seesMembers = (
  { principal }: Caller,
  id: GroupId,
  members: readonly { readonly userId: UserId }[],
): boolean =>
  mayManageGroup(principal, id) ||
  (principal.kind === 'user' &&
    (principal.role === 'auditor' || members.some(({ userId }) => userId === principal.userId)));
