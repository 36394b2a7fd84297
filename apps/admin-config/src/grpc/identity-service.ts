import { identity } from '@lethe/contracts';
import { type Logger, normalAddress } from '@lethe/service-kit';
import type { Authenticator } from '../identity/authenticate.js';
import { describePrincipal } from '../identity/describe-principal.js';
import { personalDigests } from '../identity/personal-digests.js';
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
    authenticate: unary(deps.log, async ({ tokenSha256, sourceIp }) => {
      const principal = await deps.authenticator.principalOf(tokenSha256);
      if (principal === undefined) return describePrincipal(principal);
      return deps.database.read(async (db) => {
        const personal = await personalDigests(db, {
          principal,
          // A word that is no address would be hashed into the log.
          sourceIp: normalAddress(sourceIp),
        });
        const ownApiKeyIds = principal.kind === 'user' ? await apiKeyIdsOf(db, principal.userId) : [];
        return describePrincipal(principal, { ownApiKeyIds, personal });
      });
    }),
  };
  return { definition: identity.IdentityService, implementation };
};
