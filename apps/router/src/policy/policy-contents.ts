import { type OrgId, uuidText, type policy as wire } from '@lethe/contracts';
import type { PolicyChange, PolicyView } from '@lethe/policy-sync';
import {
  apiKeyFromWire,
  MalformedPolicyError,
  organizationFromWire,
  providerAccountFromWire,
} from './from-wire.js';
import type { ApiKeyPolicy, OrgPolicy, ProviderAccount } from './types.js';

interface Parts {
  readonly version: bigint;
  readonly keys: Map<string, ApiKeyPolicy>; // by SHA-256, in hex
  readonly organizations: Map<string, OrgPolicy>;
  readonly accounts: Map<string, ProviderAccount>;
}
type Parted = Omit<wire.Delta, 'version' | 'fromVersion'>;

/** The policy of one version, as messages tell it. Immutable: a message makes a new one. */
export class PolicyContents implements PolicyView {
  static readonly empty = new PolicyContents({
    version: 0n,
    keys: new Map(),
    organizations: new Map(),
    accounts: new Map(),
  });
  readonly #parts: Parts;
  readonly #keysById = new Map<string, ReturnType<typeof keyView>>();
  /** Accounts by provider and, within it, by owner; those of the deployment under undefined. */
  readonly #owned = new Map<string, Map<OrgId | undefined, ProviderAccount[]>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const key of parts.keys.values()) this.#keysById.set(key.apiKeyId, keyView(key));
    for (const account of parts.accounts.values()) own(this.#owned, account);
  }

  get version(): bigint {
    return this.#parts.version;
  }

  keyBySha256(sha256Hex: string): ApiKeyPolicy | undefined {
    return this.#parts.keys.get(sha256Hex);
  }

  apiKey(apiKeyId: string): ReturnType<PolicyView['apiKey']> {
    return this.#keysById.get(apiKeyId);
  }

  organization(orgId: string): OrgPolicy | undefined {
    return this.#parts.organizations.get(orgId);
  }

  accountsOf(provider: string, orgId: OrgId): readonly ProviderAccount[] {
    const owned = this.#owned.get(provider);
    const own = owned?.get(orgId) ?? [];
    const shared = owned?.get(undefined) ?? [];
    return own.length === 0 ? shared : [...own, ...shared];
  }

  accounts(): Iterable<ProviderAccount> {
    return this.#parts.accounts.values();
  }

  /** What a snapshot would lead to. Throws MalformedPolicyError when any part of it does not hold together. */
  static ofSnapshot({ version, ...parts }: wire.Snapshot): PolicyChange & { readonly view: PolicyContents } {
    const { keys, organizations, accounts } = PolicyContents.empty.#copies();
    const change = { ...parts, removedApiKeyIds: [], removedProviderAccountIds: [] };
    return { fromVersion: undefined, ...changed({ version, keys, organizations, accounts }, change) };
  }

  /** What a delta would lead to from here. Throws MalformedPolicyError likewise. */
  after({ version, fromVersion, ...change }: wire.Delta): PolicyChange & { readonly view: PolicyContents } {
    return { fromVersion, ...changed({ version, ...this.#copies() }, change) };
  }

  #copies(): Omit<Parts, 'version'> {
    const { keys, organizations, accounts } = this.#parts;
    return { keys: new Map(keys), organizations: new Map(organizations), accounts: new Map(accounts) };
  }
}

const keyView = ({ orgId, logging, sealingKey }: ApiKeyPolicy) => ({
  orgId,
  logging,
  sealingKeyId: sealingKey?.transitKeyId,
});

const changed = (parts: Parts, change: Parted) => {
  const zdrOrgIds = change.zdrOrgIds.map((bytes) => {
    const orgId = uuidText(bytes);
    if (orgId === undefined) throw new MalformedPolicyError();
    return orgId;
  });
  const organizations = change.organizations.map(organizationFromWire);
  for (const org of organizations) parts.organizations.set(org.orgId, org);
  replaceKeys(parts.keys, change);
  for (const account of change.providerAccounts.map(providerAccountFromWire))
    parts.accounts.set(account.providerAccountId, account);
  for (const accountId of change.removedProviderAccountIds) parts.accounts.delete(accountId);
  return { version: parts.version, zdrOrgIds, organizations, view: new PolicyContents(parts) };
};

const own = (
  owned: Map<string, Map<OrgId | undefined, ProviderAccount[]>>,
  account: ProviderAccount,
): void => {
  const ofProvider = owned.get(account.provider) ?? new Map<OrgId | undefined, ProviderAccount[]>();
  owned.set(account.provider, ofProvider);
  ofProvider.set(account.orgId, [...(ofProvider.get(account.orgId) ?? []), account]);
};

/** A key named in a change is replaced whole: during a rotation it has two hashes, afterwards one again. */
const replaceKeys = (
  keys: Map<string, ApiKeyPolicy>,
  change: Pick<wire.Delta, 'apiKeys' | 'removedApiKeyIds'>,
): void => {
  const entries = change.apiKeys.map(apiKeyFromWire);
  const named = new Set<string | undefined>([
    ...change.removedApiKeyIds.map(uuidText),
    ...entries.map((entry) => entry.policy.apiKeyId),
  ]);
  if (named.size > 0) {
    for (const [sha256Hex, key] of keys) if (named.has(key.apiKeyId)) keys.delete(sha256Hex);
  }
  for (const { sha256Hex, policy } of entries) keys.set(sha256Hex, policy);
};
