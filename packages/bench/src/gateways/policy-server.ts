import { newUuidV7, type OrgId, uuidBytes, policy as wire } from '@lethe/contracts';
import { newToken, serveGrpc, tokenSha256 } from '@lethe/service-kit';

/** How much policy the router is given. */
export interface PolicySize {
  readonly apiKeys: number;
  readonly organizations: number;
}

export interface PolicyServer {
  readonly address: string;
  readonly routerCredential: string;
  /** One for each API key. */
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

type RouterStream = {
  on(event: 'data', listener: (message: wire.RouterMessage) => void): void;
  on(event: 'error', listener: () => void): void;
  write(message: wire.AdminMessage): void;
};

const organization = (orgId: OrgId): wire.OrganizationPolicy => ({
  orgId: uuidBytes(orgId),
  zdr: false,
  userPseudonymKey: Buffer.alloc(32, 1),
  registeredFields: [],
  payloadLimits: undefined,
  distinctValuesPerDayMax: 0,
});

const apiKey = (token: string, orgId: OrgId): wire.ApiKeyPolicy => ({
  apiKeyId: uuidBytes(newUuidV7()),
  keySha256: tokenSha256(token),
  orgId: uuidBytes(orgId),
  groupId: Buffer.alloc(0),
  userId: Buffer.alloc(0),
  logging: false,
  debug: false,
  sealingKey: undefined,
  expiresAtMs: 0n,
});

/**
 * admin-config's side of PolicySync with a policy of the given size: keys spread evenly over organizations, logging
 * off, one provider account at `providerUrl`. It hands out no lease, so nothing is ever captured.
 */
export const startPolicyServer = async (size: PolicySize, providerUrl: string): Promise<PolicyServer> => {
  const routerCredential = newToken('lethe_svc_');
  const orgIds = Array.from({ length: size.organizations }, () => newUuidV7() as OrgId);
  const tokens = Array.from({ length: size.apiKeys }, () => newToken('sk-lethe-'));
  const snapshot: wire.Snapshot = {
    version: 1n,
    organizations: orgIds.map(organization),
    apiKeys: tokens.map((token, index) => apiKey(token, orgIds[index % orgIds.length] as OrgId)),
    zdrOrgIds: [],
    providerAccounts: [
      {
        providerAccountId: 'bench',
        provider: 'openai',
        baseUrl: providerUrl,
        credential: 'sk-provider-bench',
        orgId: Buffer.alloc(0),
        region: '',
      },
    ],
  };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { router: tokenSha256(routerCredential) },
    services: [
      {
        definition: wire.PolicySyncService,
        implementation: {
          sync: (stream: RouterStream) => {
            stream.on('error', () => undefined);
            stream.on('data', ({ message }) => {
              if (message?.$case === 'hello')
                stream.write({ message: { $case: 'snapshot', value: snapshot } });
            });
          },
          registerTransitKey: () => undefined,
        },
      },
    ],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    routerCredential,
    tokens,
    close: () => server.close(),
  };
};
