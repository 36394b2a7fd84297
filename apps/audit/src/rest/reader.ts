import { timingSafeEqual } from 'node:crypto';
import { bearerToken, type IdentityClient, LetheError, tokenSha256 } from '@lethe/service-kit';
import type { Reader } from '../store/database.js';

export type ReaderOf = (authorization: string | undefined) => Promise<Reader>;

/**
 * Whose events the bearer of a token reads: the operator everything, admins and auditors their own organization's,
 * members nothing. Rejects with LetheError.
 */
export const createReaderOf =
  (identity: Pick<IdentityClient, 'authenticate'>, operatorTokenSha256: Buffer): ReaderOf =>
  async (authorization) => {
    const token = bearerToken(authorization);
    if (token === undefined) throw new LetheError('caller.invalid_token');
    if (timingSafeEqual(tokenSha256(token), operatorTokenSha256)) return 'all';
    const principal = await identity.authenticate(authorization);
    if (principal.role === 'operator') return 'all';
    if (principal.role === 'member' || principal.orgId === undefined)
      throw new LetheError('caller.forbidden');
    return { orgId: principal.orgId };
  };
