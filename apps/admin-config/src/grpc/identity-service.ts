import { identity } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { Authenticator } from '../identity/authenticate.js';
import { describePrincipal } from '../identity/describe-principal.js';
import { apiKeyIdsOf } from '../store/api-keys.js';
import type { Database } from '../store/database.js';
import { unary } from './unary.js';

/** Identity.Authenticate: who a token belongs to, asked by accounting and audit before each read. */
export const identityService = (deps: {
  readonly authenticator: Authenticator;
  readonly database: Database;
  readonly log: Logger;
}) => {
  const implementation: identity.IdentityServer = {
    authenticate: unary(deps.log, async ({ tokenSha256 }) => {
      const principal = await deps.authenticator.principalOf(tokenSha256);
      const ownIds =
        principal?.kind === 'user' ? await deps.database.read((db) => apiKeyIdsOf(db, principal.userId)) : [];
      return describePrincipal(principal, ownIds);
    }),
  };
  return { definition: identity.IdentityService, implementation };
};
