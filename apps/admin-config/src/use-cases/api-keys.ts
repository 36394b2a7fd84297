import { type ApiKeyId, type GroupId, newUuidV7, type UserId } from '@lethe/contracts';
import { LetheError, newToken, tokenSha256 } from '@lethe/service-kit';
import { mayAdminister, mayReadKey } from '../domain/access.js';
import type { ApiKey } from '../domain/api-key.js';
import { bounds } from '../domain/bounds.js';
import type { Organization } from '../domain/organization.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardNewKeyLogging } from '../lockdown/key-flags.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { putApiKeysRows } from '../outbox/calls.js';
import { insertSecret } from '../store/api-key-secrets.js';
import {
  countApiKeys,
  findApiKey,
  findApiKeyBySecret,
  insertApiKey,
  pageOfApiKeys,
} from '../store/api-keys.js';
import { findGroup, findMembership, ownerOfGroup } from '../store/groups.js';
import { findUser } from '../store/users.js';
import { type Change, type Deps, makeChange } from './change.js';
import { refuseForeign } from './foreign.js';
import { lockedOrganization, readableOrganization } from './locked.js';

type NewKeyEvent = 'apikey.created' | 'apikey.imported';

export interface ApiKeyWish {
  readonly name: string;
  readonly monthlyLimitNano: bigint;
  readonly permissions: ApiKey['permissions'];
  readonly groupId: GroupId | undefined;
  readonly logging: boolean | undefined;
  /** Whose key it becomes; undefined: the caller's. Only the operator names another. */
  readonly ownerUserId: UserId | undefined;
}

const ownerOf = async (change: Change, org: Organization, wish: ApiKeyWish): Promise<UserId> => {
  const { principal } = change;
  if (principal.kind === 'user') return principal.userId;
  const owner = wish.ownerUserId && (await findUser(change.tx, org.id, wish.ownerUserId));
  if (!owner) throw new LetheError('caller.invalid_value', 'owner_user_id');
  return owner.id;
};

/** A member puts keys into groups it belongs to; an admin into any of the organization. */
const checkGroup = async (
  change: Change,
  org: Organization,
  { groupId, attempted }: { readonly groupId: GroupId; readonly attempted: NewKeyEvent },
): Promise<void> => {
  const { principal } = change;
  const attempt = { target: { kind: 'group', id: groupId }, attempted } as const;
  if ((await findGroup(change.tx, org.id, groupId)) === undefined) {
    const answer = { code: 'caller.invalid_value', param: 'group_id' } as const;
    refuseForeign(change, await ownerOfGroup(change.tx, groupId), attempt, answer);
    throw new LetheError(answer.code, answer.param);
  }
  if (mayAdminister(principal) || principal.kind !== 'user') return;
  if ((await findMembership(change.tx, groupId, principal.userId)) === undefined)
    throw new RefusedChange('caller.forbidden', { ...attempt, orgId: org.id }, 'group_id');
};

const addKey = async (
  change: Change,
  ref: OrgRef,
  wish: ApiKeyWish,
  secret: { readonly sha256: Buffer; readonly event: NewKeyEvent },
): Promise<ApiKeyId> => {
  const org = await lockedOrganization(change, ref);
  const id: ApiKeyId = newUuidV7();
  const target = { kind: 'api_key', id } as const;
  const { principal } = change;
  const attempted = secret.event;
  const mayCreate =
    principal.kind === 'operator' || (principal.kind === 'user' && principal.role !== 'auditor');
  if (!mayCreate) throw new RefusedChange('caller.forbidden', { orgId: org.id, target, attempted });
  const identity = {
    id,
    orgId: org.id,
    ownerUserId: await ownerOf(change, org, wish),
    groupId: wish.groupId,
  };
  const { groupId } = wish;
  if (groupId !== undefined) await checkGroup(change, org, { groupId, attempted });
  const flag = { principal, org, key: identity, wish: wish.logging, making: attempted };
  const logging = guardNewKeyLogging(flag);
  if ((await countApiKeys(change.tx, org.id)) >= bounds.apiKeysPerOrgMax)
    throw new LetheError('gateway.overloaded');
  await insertApiKey(change.tx, {
    ...identity,
    name: wish.name,
    logging,
    debug: false,
    labels: {},
    permissions: wish.permissions,
    monthlyLimitNano: wish.monthlyLimitNano,
    expiresAt: undefined,
    revokedAt: undefined,
    createdAt: change.now,
  });
  await insertSecret(change.tx, { sha256: secret.sha256, apiKeyId: id, createdAt: change.now });
  change.audit({
    type: attempted,
    orgId: org.id,
    target,
    after: {
      logging,
      user_id: identity.ownerUserId,
      group_id: groupId ?? null,
      monthly_limit_nano: wish.monthlyLimitNano.toString(),
    },
  });
  change.send(putApiKeysRows(org.id, [{ id, groupId: identity.groupId, logging }], change.version));
  return id;
};

/** Makes an API key; the secret is given out once and kept as SHA-256. */
export const createApiKey = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: ApiKeyWish,
): Promise<{ readonly id: ApiKeyId; readonly secret: string }> =>
  makeChange(deps, caller, async (change) => {
    const secret = newToken('sk-lethe-');
    const id = await addKey(change, ref, wish, { sha256: tokenSha256(secret), event: 'apikey.created' });
    return { id, secret };
  });

/** Takes over a key of another gateway by its SHA-256. Rejects with caller.conflict when it is known already. */
export const importApiKey = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: ApiKeyWish & { readonly sha256: Buffer },
): Promise<ApiKeyId> =>
  makeChange(deps, caller, async (change) => {
    const found = await findApiKeyBySecret(change.tx, wish.sha256);
    if (found !== undefined) {
      const answer = { code: 'caller.conflict', param: 'sha256' } as const;
      const org = await lockedOrganization(change, ref);
      // The organization, not the key: whoever asks does not learn the id of another's.
      const attempt = { target: { kind: 'organization', id: org.id }, attempted: 'apikey.imported' } as const;
      refuseForeign(change, found.key.orgId, attempt, answer);
      throw new LetheError(answer.code, answer.param);
    }
    return addKey(change, ref, wish, { sha256: wish.sha256, event: 'apikey.imported' });
  });

/** A page of the keys the caller sees: all for admins and auditors, own and administered ones for members. */
export const listApiKeys = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  page: { readonly after: ApiKeyId | undefined; readonly limit: number },
): Promise<ApiKey[]> =>
  deps.database.read(async (db) => {
    const { principal } = caller;
    const org = await readableOrganization(db, principal, ref);
    const visibleTo =
      principal.kind === 'user' && principal.role === 'member'
        ? { userId: principal.userId, groupIds: [...principal.adminGroupIds] }
        : undefined;
    return pageOfApiKeys(db, { orgId: org.id, visibleTo, ...page });
  });

export const readApiKey = (deps: Deps, caller: Caller, id: ApiKeyId): Promise<ApiKey> =>
  deps.database.read(async (db) => {
    const { principal } = caller;
    const key = await findApiKey(db, id);
    if (key === undefined || (principal.kind === 'user' && principal.orgId !== key.orgId))
      throw new LetheError('caller.not_found');
    if (!mayReadKey(principal, key)) throw new LetheError('caller.forbidden');
    return key;
  });

/** The key that a secret opens, if it opens it now. */
export const readOwnApiKey = (deps: Deps, secretSha256: Buffer): Promise<ApiKey> =>
  deps.database.read(async (db) => {
    const found = await findApiKeyBySecret(db, secretSha256);
    const now = deps.clock();
    const ended = (moment: Date | undefined) => moment !== undefined && moment.getTime() <= now;
    if (found === undefined || found.key.revokedAt !== undefined)
      throw new LetheError('caller.invalid_api_key');
    if (ended(found.notAfter) || ended(found.key.expiresAt)) throw new LetheError('caller.invalid_api_key');
    return found.key;
  });
