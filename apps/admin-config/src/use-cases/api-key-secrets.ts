import type { ApiKeyId } from '@lethe/contracts';
import { LetheError, newToken, tokenSha256 } from '@lethe/service-kit';
import type { Caller } from '../domain/principal.js';
import { insertSecret, retireSecrets } from '../store/api-key-secrets.js';
import { updateApiKey } from '../store/api-keys.js';
import { guardKey } from './api-key-changes.js';
import { type Deps, makeChange } from './change.js';
import { lockedKey } from './locked.js';

/** Gives a key a new secret; the present one goes on for the overlap (seconds, 0: ends at once). */
export const rotateApiKey = (
  deps: Deps,
  caller: Caller,
  id: ApiKeyId,
  overlapSeconds: number,
): Promise<{ readonly secret: string; readonly previousNotAfter: Date }> =>
  makeChange(deps, caller, async (change) => {
    const { key } = await lockedKey(change, id, 'apikey.rotated');
    const after = { overlap_seconds: overlapSeconds };
    guardKey(change.principal, key, { attempted: 'apikey.rotated', wished: after });
    if (key.expiresAt !== undefined && key.expiresAt <= change.now) throw new LetheError('caller.not_found');
    const secret = newToken('sk-lethe-');
    const previousNotAfter = new Date(change.now.getTime() + overlapSeconds * 1000);
    await retireSecrets(change.tx, id, { now: change.now, notAfter: previousNotAfter });
    await insertSecret(change.tx, { sha256: tokenSha256(secret), apiKeyId: id, createdAt: change.now });
    change.audit({
      type: 'apikey.rotated',
      orgId: key.orgId,
      target: { kind: 'api_key', id },
      after,
    });
    return { secret, previousNotAfter };
  });

/** Revokes a key at once and for ever. */
export const revokeApiKey = (deps: Deps, caller: Caller, id: ApiKeyId): Promise<void> =>
  makeChange(
    deps,
    caller,
    async (change) => {
      const { key } = await lockedKey(change, id, 'apikey.revoked');
      guardKey(change.principal, key, { attempted: 'apikey.revoked' });
      await updateApiKey(change.tx, id, { revokedAt: change.now });
      change.audit({ type: 'apikey.revoked', orgId: key.orgId, target: { kind: 'api_key', id } });
    },
    'urgent',
  );
