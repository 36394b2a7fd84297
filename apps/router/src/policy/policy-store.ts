import type { OrgId, policy as wire } from '@lethe/contracts';
import {
  type ClockReading,
  gateOpen,
  initialRouterState,
  type RouterEffect,
  type RouterEvent,
  type RouterState,
  routerStep,
} from '@lethe/policy-sync';
import { type LeaseClocks, readingOf, systemClocks } from './clocks.js';
import { PolicyContents } from './policy-contents.js';
import type { ApiKeyPolicy, Gate, OrgPolicy, Policy, ProviderAccount } from './types.js';
import { ZdrList } from './zdr-list.js';

/** An event of the lease protocol before it has its time. */
export type Untimed = RouterEvent extends infer E ? (E extends RouterEvent ? Omit<E, 'at'> : never) : never;

/** Before every deadline: what the gate then says is all that does not depend on the time. */
const dawn: ClockReading = { hrtimeNs: -1n, uptimeMs: Number.NEGATIVE_INFINITY };

interface PolicyStoreOptions {
  /** Milliseconds that known keys are honoured after the last word from the control plane. */
  readonly keysHonouredMsMax: number;
  readonly clocks?: LeaseClocks;
}

/**
 * What this router knows of the policy, and the state of its lease. Whether a message is believed, and when the gate is
 * open, is decided by `routerStep` alone; what is to be done about it is returned, for the driver to carry out.
 */
export class PolicyStore implements Policy {
  readonly gate: Gate;
  readonly zdrList = new ZdrList();
  readonly #clocks: LeaseClocks;
  readonly #keysHonouredMsMax: number;
  #state: RouterState = initialRouterState();
  #contents = PolicyContents.empty;
  #lastWordAtMs = Number.NEGATIVE_INFINITY;
  // The gate of #state, taken apart: it is asked several times a request and allocates nothing.
  #standing = false;
  #untilHrtimeMs = Number.NEGATIVE_INFINITY;
  #untilUptimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: PolicyStoreOptions) {
    this.#clocks = options.clocks ?? systemClocks;
    this.#keysHonouredMsMax = options.keysHonouredMsMax;
    this.gate = {
      open: () =>
        this.#standing &&
        this.#clocks.hrtimeMs() < this.#untilHrtimeMs &&
        this.#clocks.uptimeMs() < this.#untilUptimeMs,
    };
  }

  get state(): RouterState {
    return this.#state;
  }

  get version(): bigint {
    return this.#contents.version;
  }

  /** Milliseconds on a monotonic clock. */
  get nowMs(): number {
    return this.#clocks.hrtimeMs();
  }

  /** The control plane spoke: known keys are honoured for another term. */
  heard(): void {
    this.#lastWordAtMs = this.nowMs;
  }

  usable(): boolean {
    return this.#contents.version > 0n && this.nowMs - this.#lastWordAtMs <= this.#keysHonouredMsMax;
  }

  apiKey(sha256Hex: string): ApiKeyPolicy | undefined {
    return this.#contents.keyBySha256(sha256Hex);
  }

  /** The organization's policy; once seen as ZDR it is ZDR, whatever a message says. */
  organization(orgId: OrgId): OrgPolicy | undefined {
    const org = this.#contents.organization(orgId);
    if (org === undefined || org.zdr || !this.#state.zdrOrgIds.has(orgId)) return org;
    return { ...org, zdr: true };
  }

  providerAccounts(provider: string, orgId: OrgId): readonly ProviderAccount[] {
    return this.#contents.accountsOf(provider, orgId);
  }

  providers(orgId: OrgId | undefined): readonly string[] {
    const names = new Set<string>();
    for (const account of this.#contents.accounts()) {
      if (account.orgId === undefined || account.orgId === orgId) names.add(account.provider);
    }
    return [...names];
  }

  /** One step of the lease protocol, at this moment. The effects are to be carried out in order, in this turn. */
  take(event: Untimed): readonly RouterEffect[] {
    const [state, effects] = routerStep(this.#state, { ...event, at: readingOf(this.#clocks) });
    this.#state = state;
    this.#standing = gateOpen(state, dawn);
    this.#untilHrtimeMs = Number(state.lease?.until.hrtimeNs ?? 0n) / 1e6;
    this.#untilUptimeMs = state.lease?.until.uptimeMs ?? Number.NEGATIVE_INFINITY;
    return effects;
  }

  /** A snapshot or a delta. All or nothing: one that does not hold together is not loaded. */
  takePolicy(message: wire.Snapshot | wire.Delta): readonly RouterEffect[] {
    this.zdrList.learn(message);
    let change: ReturnType<typeof PolicyContents.ofSnapshot>;
    try {
      change = 'fromVersion' in message ? this.#contents.after(message) : PolicyContents.ofSnapshot(message);
    } catch {
      return this.take({ type: 'malformed' });
    }
    const effects = this.take({ type: 'policy', change });
    if (this.#state.view === change.view) this.#contents = change.view;
    return effects;
  }
}
