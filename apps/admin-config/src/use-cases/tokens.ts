import { newUuidV7, type UserId, type Uuid } from '@lethe/contracts';
import { LetheError, newToken, tokenSha256 } from '@lethe/service-kit';
import { bounds } from '../domain/bounds.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { countTokens, findToken, insertToken, markTokenRevoked } from '../store/tokens.js';
import { findUser } from '../store/users.js';
import { type Deps, makeChange } from './change.js';
import { lockedOrganization } from './locked.js';

/** Makes a management token of a user; the token itself is given out once and kept as SHA-256. */
export const createToken = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: { readonly userId: UserId; readonly name: string },
): Promise<{ readonly tokenId: Uuid; readonly token: string }> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const tokenId = newUuidV7();
    const target = { kind: 'token', id: tokenId } as const;
    guardAdmin(change.principal, { orgId: org.id, target, attempted: 'token.created' });
    const user = await findUser(change.tx, org.id, wish.userId);
    if (user === undefined) throw new LetheError('caller.invalid_value', 'user_id');
    if ((await countTokens(change.tx, user.id)) >= bounds.tokensPerUserMax)
      throw new LetheError('gateway.overloaded');
    const token = newToken('lethe_mgmt_');
    await insertToken(change.tx, {
      id: tokenId,
      userId: user.id,
      name: wish.name,
      sha256: tokenSha256(token),
      createdAt: change.now,
    });
    change.audit({ type: 'token.created', orgId: org.id, target, after: { user_id: user.id } });
    return { tokenId, token };
  });

/** Revokes a token at once; revoking it again changes nothing. */
export const revokeToken = (deps: Deps, caller: Caller, tokenId: Uuid): Promise<void> =>
  makeChange(
    deps,
    caller,
    async (change) => {
      const found = await findToken(change.tx, tokenId);
      if (found === undefined) throw new LetheError('caller.not_found');
      const org = await lockedOrganization(change, { id: found.orgId });
      const target = { kind: 'token', id: tokenId } as const;
      guardAdmin(change.principal, { orgId: org.id, target, attempted: 'token.revoked' });
      if (found.revokedAt !== null) return;
      await markTokenRevoked(change.tx, tokenId, change.now);
      const before = { user_id: found.userId };
      change.audit({ type: 'token.revoked', orgId: org.id, target, before });
    },
    'urgent',
  );
