import { randomBytes } from 'node:crypto';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { newToken, serveGrpc, tokenSha256 } from '@lethe/service-kit';

export interface ScriptedPolicy {
  readonly address: string;
  /** The router's, for its launch object. */
  readonly serviceCredential: string;
  /** Of an organization without ZDR; the key may not log: no grant. */
  readonly apiKey: string;
  /** Of an organization with ZDR. */
  readonly zdrApiKey: string;
  close(): Promise<void>;
}

/** One provider of the catalogue and where it is. */
export interface AccountAt {
  readonly provider: string;
  readonly baseUrl: string;
}

type Parts = NonNullable<wire.RouterMessage['message']>;
interface Call {
  on(event: 'data', take: (message: { message?: Parts | undefined }) => void): void;
  on(event: 'error', take: () => void): void;
  write(message: wire.AdminMessage): void;
}

const leaseMs = 10_000;
const version = 1n;

const none = Buffer.alloc(0);

const accountOf = ({ provider, baseUrl }: AccountAt): wire.ProviderAccount => ({
  providerAccountId: provider,
  provider,
  baseUrl,
  credential: 'key-of-a-scripted-provider',
  orgId: none,
  region: '',
});

const organizationOf = (orgId: Buffer, zdr: boolean): wire.OrganizationPolicy => ({
  orgId,
  zdr,
  userPseudonymKey: randomBytes(32),
  registeredFields: [],
  payloadLimits: undefined,
  distinctValuesPerDayMax: 0,
});

const apiKeyOf = (token: string, orgId: Buffer): wire.ApiKeyPolicy => ({
  apiKeyId: uuidBytes(newUuidV7()),
  keySha256: tokenSha256(token),
  orgId,
  groupId: none,
  userId: none,
  logging: false,
  debug: false,
  sealingKey: undefined,
  expiresAtMs: 0n,
});

const snapshotOf = (apiKey: string, zdrApiKey: string, accounts: readonly AccountAt[]): wire.Snapshot => {
  const orgId = uuidBytes(newUuidV7());
  const zdrOrgId = uuidBytes(newUuidV7());
  return {
    version,
    organizations: [organizationOf(orgId, false), organizationOf(zdrOrgId, true)],
    apiKeys: [apiKeyOf(apiKey, orgId), apiKeyOf(zdrApiKey, zdrOrgId)],
    zdrOrgIds: [zdrOrgId],
    providerAccounts: accounts.map(accountOf),
  };
};

/** The policy of two organizations with a key each, on a real gRPC server as routers expect it. */
export const startScriptedPolicy = async (accounts: readonly AccountAt[]): Promise<ScriptedPolicy> => {
  const serviceCredential = newToken('lethe_svc_');
  const apiKey = newToken('sk-lethe-');
  const zdrApiKey = newToken('sk-lethe-');
  const snapshot = snapshotOf(apiKey, zdrApiKey, accounts);
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { router: tokenSha256(serviceCredential) },
    services: [
      {
        definition: wire.PolicySyncService,
        implementation: {
          sync: (call: Call) => {
            call.on('error', () => undefined);
            call.on('data', ({ message }) => {
              if (message?.$case === 'hello') call.write({ message: { $case: 'snapshot', value: snapshot } });
              if (message?.$case !== 'renew') return;
              const grant = { nonce: message.value.nonce, ttlMs: leaseMs, version };
              call.write({ message: { $case: 'grant', value: grant } });
            });
          },
          registerTransitKey: () => undefined,
        },
      },
    ],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    serviceCredential,
    apiKey,
    zdrApiKey,
    close: () => server.close(),
  };
};
