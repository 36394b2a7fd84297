import { timingSafeEqual } from 'node:crypto';
import { bearerToken, LetheError, tokenSha256 } from '@lethe/service-kit';
import type { Principal, UserPrincipal } from '../domain/principal.js';
import type { Database } from '../store/database.js';
import { findPrincipal } from '../store/users.js';

export interface Authenticator {
  /** The user or the operator that a token's SHA-256 belongs to. */
  principalOf(sha256: Buffer): Promise<Principal | undefined>;
  /** The user behind an Authorization header. Throws caller.invalid_token. */
  user(authorization: string | undefined): Promise<UserPrincipal>;
  /** Passes for the operator's token. Throws caller.invalid_token. */
  operator(authorization: string | undefined): Principal;
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
  return {
    principalOf: async (sha256) => {
      if (isOperator(sha256)) return { kind: 'operator' };
      return database.read((db) => findPrincipal(db, { sha256 }));
    },
    user: async (authorization) => {
      const sha256 = sha256Of(authorization);
      // The operator is of no organization: what belongs to one is done by its own people.
      if (isOperator(sha256)) throw new LetheError('caller.forbidden');
      const principal = await database.read((db) => findPrincipal(db, { sha256 }));
      if (principal === undefined) throw new LetheError('caller.invalid_token');
      return principal;
    },
    operator: (authorization) => {
      if (!isOperator(sha256Of(authorization))) throw new LetheError('caller.invalid_token');
      return { kind: 'operator' };
    },
  };
};
