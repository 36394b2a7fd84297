import type { ApiKeyId } from '@lethe/contracts';
import { and, eq, gt, isNull } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { apiKeySecret } from './schema.js';

/** Adds a secret to a key. A SHA-256 that exists already rejects with caller.conflict. */
export const insertSecret = async (
  tx: Queryable,
  secret: { readonly sha256: Buffer; readonly apiKeyId: ApiKeyId; readonly createdAt: Date },
): Promise<void> => {
  await tx.insert(apiKeySecret).values(secret);
};

/**
 * Lets the present secret live until `notAfter` and ends one that was in such an overlap already at `now`, so that
 * a key never has more than two.
 */
export const retireSecrets = async (
  tx: Queryable,
  apiKeyId: ApiKeyId,
  times: { readonly now: Date; readonly notAfter: Date },
): Promise<void> => {
  const ofKey = eq(apiKeySecret.apiKeyId, apiKeyId);
  await tx
    .update(apiKeySecret)
    .set({ notAfter: times.now })
    .where(and(ofKey, gt(apiKeySecret.notAfter, times.now)));
  await tx
    .update(apiKeySecret)
    .set({ notAfter: times.notAfter })
    .where(and(ofKey, isNull(apiKeySecret.notAfter)));
};
