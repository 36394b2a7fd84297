import { type ApiKeyId, type OrgId, type Uuid, uuidBytes, policy as wire } from '@lethe/contracts';

/** A message that a delta replaces as a whole, with its bytes to compare by. */
export interface Entry<T> {
  readonly value: T;
  readonly bytes: Uint8Array;
}

/**
 * What the routers obey, at one version, as this process last read it. An API key has two messages during a
 * rotation overlap; they are replaced together.
 */
export interface PolicyState {
  readonly version: bigint;
  readonly organizations: ReadonlyMap<OrgId, Entry<wire.OrganizationPolicy>>;
  readonly apiKeys: ReadonlyMap<ApiKeyId, Entry<readonly wire.ApiKeyPolicy[]>>;
  readonly zdrOrgIds: ReadonlySet<OrgId>;
  readonly providerAccounts: readonly wire.ProviderAccount[];
}

export const organizationEntry = (value: wire.OrganizationPolicy): Entry<wire.OrganizationPolicy> => ({
  value,
  bytes: wire.OrganizationPolicy.encode(value).finish(),
});

export const apiKeyEntry = (value: readonly wire.ApiKeyPolicy[]): Entry<readonly wire.ApiKeyPolicy[]> => ({
  value,
  bytes: Buffer.concat(value.map((key) => wire.ApiKeyPolicy.encode(key).finish())),
});

/** The whole state as one message. */
export const snapshotOf = (state: PolicyState): wire.Snapshot => ({
  version: state.version,
  organizations: [...state.organizations.values()].map(({ value }) => value),
  apiKeys: [...state.apiKeys.values()].flatMap(({ value }) => value),
  zdrOrgIds: [...state.zdrOrgIds].map((id) => uuidBytes(id)),
  providerAccounts: [...state.providerAccounts],
});

const changedValues = <K, T>(from: ReadonlyMap<K, Entry<T>>, to: ReadonlyMap<K, Entry<T>>): T[] =>
  [...to]
    .filter(([id, entry]) => {
      const before = from.get(id);
      return before === undefined || Buffer.compare(before.bytes, entry.bytes) !== 0;
    })
    .map(([, entry]) => entry.value);

const missingIds = <K extends Uuid>(from: ReadonlyMap<K, unknown>, to: ReadonlyMap<K, unknown>): Buffer[] =>
  [...from.keys()].filter((id) => !to.has(id)).map((id) => uuidBytes(id));

/** What turns one state into a later one. Provider accounts change only with a restart, which sends a snapshot. */
export const deltaBetween = (from: PolicyState, to: PolicyState): wire.Delta => ({
  fromVersion: from.version,
  version: to.version,
  organizations: changedValues(from.organizations, to.organizations),
  apiKeys: changedValues(from.apiKeys, to.apiKeys).flat(),
  removedApiKeyIds: missingIds(from.apiKeys, to.apiKeys),
  zdrOrgIds: [...to.zdrOrgIds].filter((id) => !from.zdrOrgIds.has(id)).map((id) => uuidBytes(id)),
  providerAccounts: [],
  removedProviderAccountIds: [],
});

/**
 * Joins what was known of ZDR before with what was read now: the set only grows, and an organization in it has ZDR
 * and no sealing key whatever the rows say. `forgotten` counts members that the rows no longer show.
 */
export const keepZdr = (
  known: ReadonlySet<OrgId>,
  read: PolicyState,
): { readonly state: PolicyState; readonly forgotten: number } => {
  // An organization that only the audit log's anchors remember has no row.
  const isZdr = (id: OrgId) => read.organizations.get(id)?.value.zdr !== false && read.zdrOrgIds.has(id);
  const forgotten = [...known].filter((id) => !isZdr(id));
  const mixed = [...read.organizations].filter(([id, { value }]) => value.zdr !== read.zdrOrgIds.has(id));
  const deny = new Set<OrgId>([...forgotten, ...mixed.map(([id]) => id)]);
  if (deny.size === 0) return { state: read, forgotten: 0 };
  const denyKeys = new Set([...deny].map((id) => uuidBytes(id).toString('hex')));
  const organizations = new Map(read.organizations);
  for (const id of deny) {
    const org = organizations.get(id);
    if (org !== undefined) organizations.set(id, organizationEntry({ ...org.value, zdr: true }));
  }
  const apiKeys = new Map(read.apiKeys);
  for (const [id, { value }] of read.apiKeys) {
    if (!value.some((key) => denyKeys.has(key.orgId.toString('hex')))) continue;
    apiKeys.set(
      id,
      apiKeyEntry(value.map((key) => ({ ...key, logging: false, debug: false, sealingKey: undefined }))),
    );
  }
  return {
    state: { ...read, organizations, apiKeys, zdrOrgIds: new Set([...read.zdrOrgIds, ...deny]) },
    forgotten: deny.size,
  };
};
