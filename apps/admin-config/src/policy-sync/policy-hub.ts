import type { policy as wire } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { Database } from '../store/database.js';
import { readVersion } from '../store/version.js';
import { coalesce } from './coalesce.js';
import { DeltaHistory } from './delta-history.js';
import { loadPolicy } from './load-policy.js';
import { deltaBetween, keepZdr, type PolicyState, snapshotOf } from './policy-state.js';

export type AdminPart = NonNullable<wire.AdminMessage['message']>;

/** A router's stream, as the hub sees it. */
export interface Subscriber {
  deliver(part: AdminPart): void;
}

/** What a router says of itself: the id of its present life, and the version it holds (0: none). */
export interface KnownRouter {
  readonly bootId: string;
  readonly haveVersion: bigint;
}

const servedMax = 4096;

interface PolicyHubOptions {
  readonly database: Database;
  readonly providerAccounts: readonly wire.ProviderAccount[];
  readonly clock: () => number;
  readonly log: Logger;
}

/**
 * The policy as this process knows it and the streams that follow it. A new version reaches every stream as one
 * delta, in version order and within one turn of the event loop, so that no grant can overtake it.
 */
export class PolicyHub {
  #state: PolicyState | undefined;
  #regressed = false;
  #behind = false;
  readonly #served = new Set<string>();
  readonly #history = new DeltaHistory();
  readonly #subscribers = new Set<Subscriber>();
  /** Reads what was committed before the call, and passes it on. Rejects with LetheError. */
  readonly refresh: () => Promise<void>;

  constructor(private readonly options: PolicyHubOptions) {
    this.refresh = coalesce(() => this.#load());
  }

  get version(): bigint {
    return this.#state?.version ?? 0n;
  }

  get streams(): number {
    return this.#subscribers.size;
  }

  /**
   * Brings a stream up to date and keeps it so until `leave`. False: the router knows a later version than the
   * database, which then must have been set back; such a router gets nothing.
   */
  async join(subscriber: Subscriber, router: KnownRouter): Promise<boolean> {
    const { haveVersion } = router;
    await this.refresh();
    const state = this.#state;
    if (state === undefined || haveVersion > state.version) {
      this.options.log.warn('policy_sync.router_ahead', { haveVersion, version: this.version });
      return false;
    }
    // Deltas carry no provider accounts: only a router that this process served before may go on from its version.
    const chain = this.#served.has(router.bootId) ? this.#history.since(haveVersion) : undefined;
    this.#served.add(router.bootId);
    if (this.#served.size > servedMax) this.#served.clear();
    if (chain === undefined) subscriber.deliver({ $case: 'snapshot', value: snapshotOf(state) });
    else for (const delta of chain) subscriber.deliver({ $case: 'delta', value: delta });
    this.#subscribers.add(subscriber);
    return true;
  }

  leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Sends the whole state again. */
  resend(subscriber: Subscriber): void {
    if (this.#state !== undefined) subscriber.deliver({ $case: 'snapshot', value: snapshotOf(this.#state) });
  }

  /**
   * The version a lease may be granted under, read from the database at this moment: without the database, or with
   * one that was set back, there is no grant. Everything up to it has been delivered to every stream.
   */
  async versionToGrant(): Promise<bigint | undefined> {
    const version = await this.options.database.read(readVersion);
    if (version > this.version) await this.refresh();
    return version < this.version || this.#regressed ? undefined : this.version;
  }

  async #load(): Promise<void> {
    const { database, log, providerAccounts, clock } = this.options;
    const before = this.#state;
    const version = await database.read(readVersion);
    if (before !== undefined && version <= before.version) {
      if (version < before.version && !this.#behind) log.warn('policy_sync.database_behind', { version });
      this.#behind = version < before.version;
      return;
    }
    const read = await loadPolicy(database, providerAccounts, new Date(clock()));
    const { state, forgotten } = keepZdr(before?.zdrOrgIds ?? new Set(), read);
    if (forgotten > 0) {
      this.#regressed = true;
      log.warn('policy_sync.zdr_forgotten', { organizations: forgotten, version: state.version });
    }
    this.#state = state;
    if (before === undefined) return;
    const delta = deltaBetween(before, state);
    this.#history.add(delta);
    for (const subscriber of this.#subscribers) subscriber.deliver({ $case: 'delta', value: delta });
  }
}
