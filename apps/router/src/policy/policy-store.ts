import { type ApiKeyId, type OrgId, type Uuid, uuidText, type policy as wire } from '@lethe/contracts';
import {
  apiKeyFromWire,
  MalformedPolicyError,
  organizationFromWire,
  providerAccountFromWire,
} from './from-wire.js';
import type { ApiKeyPolicy, Gate, OrgPolicy, Policy, ProviderAccount } from './types.js';

export type Applied = 'applied' | 'gap' | 'malformed' | 'zdr_regression';

interface Contents {
  version: bigint;
  keys: Map<string, ApiKeyPolicy>; // by SHA-256, in hex
  keysById: Map<ApiKeyId, ApiKeyPolicy>;
  organizations: Map<OrgId, OrgPolicy>;
  accounts: Map<string, ProviderAccount>;
  /** Accounts by provider and, within it, by owner; those of the deployment under undefined. */
  owned: Map<string, Map<OrgId | undefined, ProviderAccount[]>>;
}

const empty = (): Contents => ({
  version: 0n,
  keys: new Map(),
  keysById: new Map(),
  organizations: new Map(),
  accounts: new Map(),
  owned: new Map(),
});

interface PolicyStoreOptions {
  readonly gate: Gate;
  /** Milliseconds that known keys are honoured after the last word from the control plane. */
  readonly keysHonouredMsMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * What this router knows of the policy. ZDR is sticky: an organization once seen as ZDR stays ZDR for the life of
 * the process, whatever a later message says; a message that says otherwise is refused and stops all capture.
 */
export class PolicyStore implements Policy {
  #contents = empty();
  #regressed = false;
  #lastWordAt = Number.NEGATIVE_INFINITY;
  readonly #zdrEver = new Set<OrgId>();
  readonly gate: Gate;

  constructor(private readonly options: PolicyStoreOptions) {
    this.gate = { open: () => !this.#regressed && this.#contents.version > 0n && options.gate.open() };
  }

  get version(): bigint {
    return this.#contents.version;
  }

  /** The control plane spoke: known keys are honoured for another term. */
  heard(): void {
    this.#lastWordAt = this.options.now();
  }

  usable(): boolean {
    return (
      this.#contents.version > 0n && this.options.now() - this.#lastWordAt <= this.options.keysHonouredMsMax
    );
  }

  apiKey(sha256Hex: string): ApiKeyPolicy | undefined {
    return this.#contents.keys.get(sha256Hex);
  }

  /** The organization's policy with every source of ZDR joined: deny wins. */
  organization(orgId: OrgId): OrgPolicy | undefined {
    const org = this.#contents.organizations.get(orgId);
    if (org === undefined || org.zdr || !this.#zdrEver.has(orgId)) return org;
    return { ...org, zdr: true };
  }

  /** Whether a key may log right now and still has this very sealing key. */
  mayLog(apiKeyId: ApiKeyId, transitKeyId: Uuid): boolean {
    const key = this.#contents.keysById.get(apiKeyId);
    return key?.logging === true && key.sealingKey?.transitKeyId === transitKeyId;
  }

  providerAccounts(provider: string, orgId: OrgId): readonly ProviderAccount[] {
    const owned = this.#contents.owned.get(provider);
    const own = owned?.get(orgId) ?? [];
    const shared = owned?.get(undefined) ?? [];
    return own.length === 0 ? shared : [...own, ...shared];
  }

  providers(orgId: OrgId | undefined): readonly string[] {
    const names = new Set<string>();
    for (const account of this.#contents.accounts.values()) {
      if (account.orgId === undefined || account.orgId === orgId) names.add(account.provider);
    }
    return [...names];
  }

  applySnapshot(snapshot: wire.Snapshot): Applied {
    if (snapshot.version < this.#contents.version) return this.#refuse('zdr_regression');
    const next = { ...empty(), version: snapshot.version };
    return this.#apply(next, {
      organizations: snapshot.organizations,
      apiKeys: snapshot.apiKeys,
      removedApiKeyIds: [],
      zdrOrgIds: snapshot.zdrOrgIds,
      providerAccounts: snapshot.providerAccounts,
      removedProviderAccountIds: [],
    });
  }

  applyDelta(delta: wire.Delta): Applied {
    if (delta.version <= this.#contents.version) return 'applied';
    if (delta.fromVersion !== this.#contents.version) return 'gap';
    const { keys, organizations, accounts } = this.#contents;
    const next = {
      version: delta.version,
      keys: new Map(keys),
      keysById: new Map(),
      organizations: new Map(organizations),
      accounts: new Map(accounts),
      owned: new Map(),
    };
    return this.#apply(next, delta);
  }

  #refuse(reason: Applied): Applied {
    if (reason === 'zdr_regression') this.#regressed = true;
    return reason;
  }

  /** All or nothing: the new contents are swapped in only when every part of the message held together. */
  #apply(next: Contents, change: Omit<wire.Delta, 'version' | 'fromVersion'>): Applied {
    const zdrNow = new Set<OrgId>();
    try {
      for (const bytes of change.zdrOrgIds) {
        const orgId = uuidText(bytes);
        if (orgId === undefined) throw new MalformedPolicyError();
        zdrNow.add(orgId);
      }
      for (const org of change.organizations.map(organizationFromWire)) {
        if (!org.zdr && (zdrNow.has(org.orgId) || this.#zdrEver.has(org.orgId))) {
          this.#remember(zdrNow);
          return this.#refuse('zdr_regression');
        }
        if (org.zdr) zdrNow.add(org.orgId);
        next.organizations.set(org.orgId, org);
      }
      replaceKeys(next.keys, change);
      for (const key of next.keys.values()) next.keysById.set(key.apiKeyId, key);
      for (const account of change.providerAccounts.map(providerAccountFromWire))
        next.accounts.set(account.providerAccountId, account);
      for (const accountId of change.removedProviderAccountIds) next.accounts.delete(accountId);
      for (const account of next.accounts.values()) own(next.owned, account);
    } catch {
      this.#remember(zdrNow);
      return 'malformed';
    }
    this.#remember(zdrNow);
    this.#contents = next;
    return 'applied';
  }

  #remember(orgIds: ReadonlySet<OrgId>): void {
    for (const orgId of orgIds) this.#zdrEver.add(orgId);
  }
}

const own = (owned: Contents['owned'], account: ProviderAccount): void => {
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
