import { type ApiKeyId, identity, type PersonalDigests, uuidBytes } from '@lethe/contracts';
import type { OrgRole, Principal } from '../domain/principal.js';

const roles: Readonly<Record<OrgRole, identity.Role>> = {
  admin: identity.Role.ROLE_ADMIN,
  member: identity.Role.ROLE_MEMBER,
  auditor: identity.Role.ROLE_AUDITOR,
};

const nobody: identity.AuthenticateResponse = {
  found: false,
  tokenId: Buffer.alloc(0),
  userId: Buffer.alloc(0),
  orgId: Buffer.alloc(0),
  role: identity.Role.ROLE_UNSPECIFIED,
  ownApiKeyIds: [],
  adminGroupIds: [],
  orgSlug: '',
  emailDigest: '',
  ipDigest: '',
};

/** A principal as the other services are told of it. `ownApiKeyIds` holds also revoked keys: their requests remain. */
export const describePrincipal = (
  principal: Principal | undefined,
  {
    ownApiKeyIds = [],
    personal,
  }: { readonly ownApiKeyIds?: readonly ApiKeyId[]; readonly personal?: PersonalDigests | undefined } = {},
): identity.AuthenticateResponse => {
  const digests = { emailDigest: personal?.emailDigest ?? '', ipDigest: personal?.ipDigest ?? '' };
  if (principal?.kind === 'operator')
    return { ...nobody, ...digests, found: true, role: identity.Role.ROLE_OPERATOR };
  if (principal?.kind !== 'user') return nobody;
  return {
    ...digests,
    found: true,
    tokenId: uuidBytes(principal.tokenId),
    userId: uuidBytes(principal.userId),
    orgId: uuidBytes(principal.orgId),
    role: roles[principal.role],
    ownApiKeyIds: ownApiKeyIds.map((id) => uuidBytes(id)),
    adminGroupIds: [...principal.adminGroupIds].map((id) => uuidBytes(id)),
    orgSlug: principal.orgSlug,
  };
};
