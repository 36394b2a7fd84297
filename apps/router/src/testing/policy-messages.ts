import { newUuidV7, type OrgId, uuidBytes, type policy as wire } from '@lethe/contracts';

export const someOrgId = newUuidV7() as OrgId;

/** For tests: policy messages as admin-config sends them, whole unless changed. */
export const orgMessage = (change: Partial<wire.OrganizationPolicy> = {}): wire.OrganizationPolicy => ({
  orgId: uuidBytes(someOrgId),
  zdr: false,
  userPseudonymKey: Buffer.alloc(32, 1),
  registeredFields: [],
  payloadLimits: undefined,
  distinctValuesPerDayMax: 0,
  ...change,
});

export const keyMessage = (change: Partial<wire.ApiKeyPolicy> = {}): wire.ApiKeyPolicy => ({
  apiKeyId: uuidBytes(newUuidV7()),
  keySha256: Buffer.alloc(32, 1),
  orgId: uuidBytes(someOrgId),
  groupId: Buffer.alloc(0),
  userId: Buffer.alloc(0),
  logging: false,
  debug: false,
  sealingKey: undefined,
  expiresAtMs: 0n,
  ...change,
});

export const snapshotMessage = (version: bigint, change: Partial<wire.Snapshot> = {}): wire.Snapshot => ({
  version,
  organizations: [orgMessage()],
  apiKeys: [keyMessage()],
  zdrOrgIds: [],
  providerAccounts: [],
  ...change,
});

export const deltaMessage = (
  fromVersion: bigint,
  version: bigint,
  change: Partial<wire.Delta> = {},
): wire.Delta => ({
  fromVersion,
  version,
  organizations: [],
  apiKeys: [],
  removedApiKeyIds: [],
  zdrOrgIds: [],
  providerAccounts: [],
  removedProviderAccountIds: [],
  ...change,
});
