import {
  type ApiKeyId,
  type GroupId,
  identity,
  type OrgId,
  type PersonalDigests,
  type Uuid,
  uuidText,
} from '@lethe/contracts';
import { bearerToken, tokenSha256 } from '../safe/bearer.js';
import { LetheError } from '../safe/errors.js';
import type { Secret } from '../safe/opaque.js';
import type { TlsIdentity } from '../tls/tls-identity.js';
import { callMetadata, callUnary } from './grpc-client.js';
import { channelTo } from './grpc-credentials.js';

export type ManagementRole = 'admin' | 'member' | 'auditor' | 'operator';

/** Who reads or changes something: resolved from a management token, never from anything else a caller sends. */
export interface ManagementPrincipal {
  readonly tokenId: Uuid | undefined;
  readonly userId: Uuid | undefined;
  readonly orgId: OrgId | undefined;
  readonly orgSlug: string;
  readonly role: ManagementRole;
  readonly ownApiKeyIds: readonly ApiKeyId[];
  readonly adminGroupIds: readonly GroupId[];
  /** Who this is and where the call came from, as an audit event may say it. */
  readonly personal?: PersonalDigests | undefined;
}

const roles: Readonly<Record<number, ManagementRole>> = {
  1: 'admin',
  2: 'member',
  3: 'auditor',
  4: 'operator',
};
const ids = (list: readonly Buffer[]): Uuid[] => list.map(uuidText).filter((id) => id !== undefined);

/** Asks admin-config who a token belongs to, at each call: a revoked token stops at once, an unreachable admin-config refuses. */
export const createIdentityClient = (options: {
  readonly address: string;
  readonly credential: Secret;
  readonly tls?: TlsIdentity | undefined;
}) => {
  const client = new identity.IdentityClient(options.address, channelTo('admin-config', options.tls));
  const metadata = callMetadata(options.credential);
  return {
    /** `sourceIp`: see sourceAddress. Throws LetheError caller.invalid_token or gateway.unavailable. */
    async authenticate(authorization: string | undefined, sourceIp = ''): Promise<ManagementPrincipal> {
      const token = bearerToken(authorization);
      if (token === undefined) throw new LetheError('caller.invalid_token');
      let found: identity.AuthenticateResponse;
      try {
        found = await callUnary(
          client.authenticate.bind(client),
          { tokenSha256: tokenSha256(token), sourceIp },
          metadata,
          3000,
        );
      } catch {
        throw new LetheError('gateway.unavailable');
      }
      const role = roles[found.role];
      if (!found.found || role === undefined) throw new LetheError('caller.invalid_token');
      return {
        tokenId: uuidText(found.tokenId),
        userId: uuidText(found.userId),
        orgId: uuidText(found.orgId),
        orgSlug: found.orgSlug,
        role,
        ownApiKeyIds: ids(found.ownApiKeyIds),
        adminGroupIds: ids(found.adminGroupIds),
        personal: {
          ...(found.emailDigest === '' ? {} : { emailDigest: found.emailDigest }),
          ...(found.ipDigest === '' ? {} : { ipDigest: found.ipDigest }),
        },
      };
    },
    close: () => client.close(),
  };
};
export type IdentityClient = ReturnType<typeof createIdentityClient>;
