import { timingSafeEqual } from 'node:crypto';
import { bearerToken, LetheError, tokenSha256 } from '@lethe/service-kit';
import type { UserPrincipal } from '../domain/principal.js';
import type { Database } from '../store/database.js';
import { findPrincipal } from '../store/users.js';

export type KnownPrincipal = UserPrincipal | { readonly kind: 'operator' };

export interface Authenticator {
  /** The user or the operator that a token's SHA-256 belongs to. */
  principalOf(sha256: Buffer): Promise<KnownPrincipal | undefined>;
  /** The user or the operator behind an Authorization header. Throws caller.invalid_token. */
  principal(authorization: string | undefined): Promise<KnownPrincipal>;
}

/** Resolves management tokens. Tokens are known by SHA-256 only; the operator's comes with the launch. */
export const createAuthenticator = (database: Database, operatorTokenSha256: Buffer): Authenticator => {
  const isOperator = (sha256: Buffer): boolean =>
    sha256.length === operatorTokenSha256.length && timingSafeEqual(sha256, operatorTokenSha256);
  const sha256Of = (authorization: string | undefined): Buffer => {
    const token = bearerToken(authorization);
    if (token === undefined) throw new LetheError('caller.invalid_token');
    return tokenSha256(token);
  };
  const principalOf = async (sha256: Buffer): Promise<KnownPrincipal | undefined> =>
    isOperator(sha256) ? { kind: 'operator' } : database.read((db) => findPrincipal(db, { sha256 }));
  return {
    principalOf,
    principal: async (authorization) => {
      const principal = await principalOf(sha256Of(authorization));
      if (principal === undefined) throw new LetheError('caller.invalid_token');
      return principal;
    },
  };
};
