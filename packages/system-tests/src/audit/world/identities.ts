import { identity, newUuidV7, type Uuid, uuidBytes } from '@lethe/contracts';
import { newToken, serveGrpc, tokenSha256 } from '@lethe/service-kit';

export interface TestIdentities {
  readonly address: string;
  /** Audit's own, for its launch object. */
  readonly serviceCredential: string;
  readonly operatorToken: string;
  readonly orgIds: readonly [Uuid, Uuid];
  /** Of an admin of the first organization, and of one of the second. */
  readonly adminTokens: readonly [string, string];
  close(): Promise<void>;
}

/** Admin-config as far as audit asks it: who a management token belongs to. */
export const startIdentities = async (): Promise<TestIdentities> => {
  const serviceCredential = newToken('lethe_svc_');
  const orgIds = [newUuidV7(), newUuidV7()] as const;
  const adminTokens = [newToken('lethe_mgmt_'), newToken('lethe_mgmt_')] as const;
  const implementation: identity.IdentityServer = {
    authenticate: (call, callback) => {
      const at = adminTokens.findIndex((token) => tokenSha256(token).equals(call.request.tokenSha256));
      callback(null, {
        found: at >= 0,
        role: at >= 0 ? identity.Role.ROLE_ADMIN : identity.Role.ROLE_UNSPECIFIED,
        orgId: uuidBytes(orgIds[at]),
        orgSlug: '',
        tokenId: Buffer.alloc(0),
        userId: Buffer.alloc(0),
        ownApiKeyIds: [],
        adminGroupIds: [],
        emailDigest: '',
        ipDigest: '',
      });
    },
  };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { audit: tokenSha256(serviceCredential) },
    services: [{ definition: identity.IdentityService, implementation }],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    serviceCredential,
    operatorToken: newToken('lethe_ops_'),
    orgIds,
    adminTokens,
    close: () => server.close(),
  };
};
