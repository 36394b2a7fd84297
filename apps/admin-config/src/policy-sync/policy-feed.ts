import type { OrgId, policy as wire } from '@lethe/contracts';
import { DeltaHistory } from './delta-history.js';
import { deltaBetween, keepZdr, type PolicyState, snapshotOf } from './policy-state.js';

export type AdminPart = NonNullable<wire.AdminMessage['message']>;

const servedMax = 4096;

/** The policy as this process last read it, and what leads from one version to the latest. */
export class PolicyFeed {
  #state: PolicyState | undefined;
  readonly #history = new DeltaHistory();
  readonly #served = new Set<string>();

  /** 0: nothing was read yet. */
  get version(): bigint {
    return this.#state?.version ?? 0n;
  }

  get zdrOrgIds(): ReadonlySet<OrgId> {
    return this.#state?.zdrOrgIds ?? new Set();
  }

  /** Takes a later state. Returns how many organizations it no longer shows as ZDR; here they stay so. */
  take(read: PolicyState): number {
    const before = this.#state;
    if (before !== undefined && read.version <= before.version) return 0;
    const { state, forgotten } = keepZdr(before?.zdrOrgIds ?? new Set(), read);
    this.#state = state;
    if (before !== undefined) this.#history.add(deltaBetween(before, state));
    return forgotten;
  }

  snapshot(): readonly AdminPart[] {
    return this.#state === undefined ? [] : [{ $case: 'snapshot', value: snapshotOf(this.#state) }];
  }

  /** The deltas that lead from a version to the latest; a snapshot when they are not all here. */
  since(version: bigint): readonly AdminPart[] {
    const chain = version === this.version ? [] : this.#history.since(version);
    if (chain === undefined) return this.snapshot();
    return chain.map((value): AdminPart => ({ $case: 'delta', value }));
  }

  /**
   * What a stream is sent first. Deltas carry no provider accounts: only a life of a router that this process served
   * before may go on from the version it has.
   */
  first(bootId: string, haveVersion: bigint): readonly AdminPart[] {
    const chain = this.#served.has(bootId) ? this.#history.since(haveVersion) : undefined;
    if (this.#served.size >= servedMax) this.#served.clear();
    this.#served.add(bootId);
    return chain === undefined ? this.snapshot() : this.since(haveVersion);
  }
}
