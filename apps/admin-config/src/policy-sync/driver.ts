import type { OrgId, policy as wire } from '@lethe/contracts';
import {
  type AdminEffect,
  type AdminState,
  adminStep,
  type CutCode,
  type Guard,
  initialAdminState,
  leaseTiming,
} from '@lethe/policy-sync';
import type { CommittedOrg } from '../domain/zdr.js';
import { raiseGuard } from '../use-cases/zdr-guard.js';
import { type CallDeps, type CallEffect, carryOut, type Untimed, within } from './driver-calls.js';
import { loadPolicy, type PolicyReading } from './load-policy.js';
import { type AdminPart, PolicyFeed } from './policy-feed.js';

const restTickMs = 200;
const busyTickMs = 10;

/** A router's stream, as the driver sees it. */
export interface RouterLink {
  readonly bootId: string;
  readonly haveVersion: bigint;
  deliver(part: AdminPart): void;
  cut(code: CutCode | 'unavailable'): void;
}

export interface DriverOptions extends CallDeps {
  readonly providerAccounts: readonly wire.ProviderAccount[];
  readonly leaseTtlMs: number;
  /** No grant before the anchors were held against the configuration, see `allowGrants`. Absent: from the start. */
  readonly awaitsAnchors?: boolean;
}

interface Refresh {
  readonly loadId: number;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The shell around this replica's half of the lease protocol: events in, one at a time; effects out, in order and in
 * the same turn. It decides nothing.
 */
export class PolicyDriver {
  #state: AdminState;
  readonly #feed = new PolicyFeed();
  readonly #links = new Map<string, RouterLink>();
  readonly #greeted = new Set<string>();
  readonly #events: { readonly event: Untimed; readonly handled: (calls: Promise<unknown>) => void }[] = [];
  readonly #confirmed = new Map<string, bigint>();
  readonly #waiters = new Map<string, () => void>();
  #refreshes: Refresh[] = [];
  /** Guards as they stand in the database, with the latest version noted there. */
  readonly #raised = new Map<Guard, bigint>();
  readonly #unraised = new Map<Guard, bigint>();
  /** A reading that began after this one shows whether a guard of ours still stands. */
  #raisedAtLoad = 0;
  #raising = false;
  #running = false;
  #closed = false;
  #requests = 0;
  #grantsAllowed: boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: DriverOptions) {
    this.#state = initialAdminState(leaseTiming(options.leaseTtlMs));
    this.#grantsAllowed = options.awaitsAnchors !== true;
    this.#tickLater();
  }

  get version(): bigint {
    return this.#feed.version;
  }

  /** Routers that follow the policy. */
  get streams(): number {
    return this.#state.streams.size;
  }

  /** Connections, also those that have not said who they are. */
  get connections(): number {
    return this.#links.size;
  }

  get guard(): Guard | undefined {
    return this.#state.guard;
  }

  /** How many EnableZDR are under way here. */
  get enablings(): number {
    return this.#state.enablings.size;
  }

  get zdrOrgIds(): ReadonlySet<OrgId> {
    return this.#feed.zdrOrgIds;
  }

  /** From here on leases are granted: what the anchors know was held against the configuration. */
  allowGrants(): void {
    this.#grantsAllowed = true;
  }

  /** Handles one event. Resolves when the calls that it led to have come to an end; rejects when one failed. */
  handle(event: Untimed): Promise<unknown> {
    return new Promise((resolve) => {
      this.#events.push({ event, handled: resolve });
      this.#run();
    });
  }

  /** Reads what was committed before the call, and passes it on. Rejects with LetheError. */
  refresh(): Promise<void> {
    return new Promise((done, failed) => {
      const loadId = this.#state.loads + 1;
      this.#refreshes.push({ loadId, done, failed });
      void this.handle({ type: 'changed' });
    });
  }

  link(streamId: string, link: RouterLink): void {
    this.#links.set(streamId, link);
  }

  unlink(streamId: string): void {
    if (!this.#links.delete(streamId)) return;
    this.#greeted.delete(streamId);
    void this.handle({ type: 'closed', streamId });
  }

  /** Waits until a committed ZDR is effective, at most as long as a caller is made to wait. */
  settled({ orgId, version }: CommittedOrg): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#requests += 1;
      const requestId = `${this.#requests}`;
      this.#waiters.set(requestId, resolve);
      void this.handle({ type: 'zdr_committed', orgId, version, effective: false });
      void this.handle({ type: 'enable_zdr', orgId, requestId });
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const resolve of this.#waiters.values()) resolve();
    this.#waiters.clear();
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      this.#handleAll();
    } finally {
      this.#running = false;
    }
  }

  #handleAll(): void {
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const busyBefore = this.#state.enablings.size > 0;
      const [state, effects] = adminStep(this.#state, { ...next.event, atMs: performance.now() } as never);
      this.#state = state;
      const calls = effects.map((effect) => this.#carryOut(effect));
      next.handled(Promise.all(calls));
      if (!busyBefore && state.enablings.size > 0) this.#tickLater();
    }
  }

  #tickLater(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        void this.handle({ type: 'tick' });
        this.#raiseAgain();
        this.#tickLater();
      },
      this.#state.enablings.size > 0 ? busyTickMs : restTickMs,
    );
    this.#timer.unref();
  }

  #carryOut(effect: AdminEffect): Promise<unknown> | undefined {
    switch (effect.type) {
      case 'push':
        return this.#push(effect.streamId, effect.fromVersion);
      case 'grant': {
        const { nonce, ttlMs, version } = effect;
        this.#links.get(effect.streamId)?.deliver({ $case: 'grant', value: { nonce, ttlMs, version } });
        return undefined;
      }
      case 'cut':
        return this.#cut(effect.streamId, effect.code);
      case 'answer':
        this.#waiters.get(effect.requestId)?.();
        this.#waiters.delete(effect.requestId);
        return undefined;
      case 'raise':
        this.#raise(effect.guard);
        return undefined;
      case 'load_policy':
        return this.#load(effect.loadId);
      case 'commit_zdr':
        // Callers are heard one by one, each in a change of its own; nothing is committed from here.
        return this.handle({ type: 'zdr_refused', orgId: effect.orgId });
      default:
        return this.#call(effect);
    }
  }

  #push(streamId: string, fromVersion: bigint | undefined): undefined {
    const link = this.#links.get(streamId);
    if (link === undefined) return;
    const isFirst = !this.#greeted.has(streamId);
    this.#greeted.add(streamId);
    const parts =
      fromVersion !== undefined
        ? this.#feed.since(fromVersion)
        : isFirst
          ? this.#feed.first(link.bootId, link.haveVersion)
          : this.#feed.snapshot();
    for (const part of parts) link.deliver(part);
  }

  #cut(streamId: string, code: CutCode): undefined {
    const link = this.#links.get(streamId);
    if (link === undefined) return;
    this.#links.delete(streamId);
    this.#greeted.delete(streamId);
    if (code === 'ahead') {
      const isAhead = link.haveVersion > this.#state.version;
      this.#raise(isAhead ? 'router_ahead' : 'router_remembers', link.haveVersion);
    }
    link.cut(code);
  }

  async #call(effect: CallEffect): Promise<void> {
    if (effect.type === 'grant_transaction' && !this.#grantsAllowed) {
      this.options.count('anchors_unread');
      return;
    }
    try {
      const event = await carryOut(this.options, effect);
      if (event === undefined || this.#closed) return;
      if (effect.type === 'confirm_zdr' && event.type === 'call_done')
        this.#confirmed.set(effect.orgId, effect.version);
      void this.handle(event);
    } catch {
      this.options.log.warn('leases.not_written', { call: effect.type });
      // An acknowledgement that was not written must not get lost: the router comes again and repeats it.
      if (effect.type === 'record_ack') this.#drop(effect);
    }
  }

  #drop({ routerId, bootId }: { readonly routerId: string; readonly bootId: string }): void {
    for (const stream of this.#state.streams.values()) {
      if (stream.routerId !== routerId || stream.bootId !== bootId) continue;
      this.#links.get(stream.streamId)?.cut('unavailable');
      this.unlink(stream.streamId);
    }
  }

  async #load(loadId: number): Promise<void> {
    const { database, providerAccounts, clock, log } = this.options;
    let reading: PolicyReading;
    try {
      const known = { providerAccounts, now: new Date(clock()), version: this.#feed.version };
      reading = await within(loadPolicy(database, known));
    } catch (error) {
      void this.handle({ type: 'load_failed', loadId });
      this.#refreshed(loadId, ({ failed }) => failed(error));
      return;
    }
    if (this.#closed) return;
    const { version, zdrOrgIds, state, guards, pending } = reading;
    const forgotten = state === undefined ? 0 : this.#feed.take(state);
    if (forgotten > 0) {
      log.warn('policy_sync.zdr_forgotten', { organizations: forgotten, version });
      void this.handle({ type: 'guard_found', guard: 'zdr_forgotten' });
    }
    if (version < this.#state.version) this.#raise('database_behind');
    for (const guard of guards) {
      // It stands already: writing it once more could undo a repair that happens meanwhile.
      if (!this.#raised.has(guard)) this.#raised.set(guard, this.#state.version);
      void this.handle({ type: 'guard_found', guard });
    }
    void this.handle({ type: 'policy_loaded', loadId, version, zdrOrgIds: [...zdrOrgIds] });
    if (guards.length === 0 && loadId > this.#raisedAtLoad) this.#lowered();
    for (const org of pending) {
      // A reading that began before our own confirmation.
      if (this.#confirmed.get(org.orgId) !== org.version) void this.handle({ type: 'pending_found', ...org });
    }
    this.#refreshed(loadId, ({ done }) => done());
  }

  /** No guard stands in the database, and none of ours waits to be put there: an operator repaired it. */
  #lowered(): void {
    if (this.#unraised.size > 0 || this.#raising || this.#state.guard === undefined) return;
    this.#raised.clear();
    this.options.log.info('policy_sync.guard_lowered');
    void this.handle({ type: 'repaired' });
  }

  #refreshed(loadId: number, settle: (refresh: Refresh) => void): void {
    const over = this.#refreshes.filter((refresh) => refresh.loadId <= loadId);
    this.#refreshes = this.#refreshes.filter((refresh) => refresh.loadId > loadId);
    for (const refresh of over) settle(refresh);
  }

  #raise(guard: Guard, seenVersion = 0n): void {
    const known = this.#state.version;
    const seen = seenVersion > known ? seenVersion : known;
    const noted = this.#unraised.get(guard) ?? this.#raised.get(guard);
    if (noted !== undefined && noted >= seen) return;
    if (noted === undefined) this.options.log.warn('policy_sync.guard_raised', { guard });
    this.#unraised.set(guard, seen);
    this.#raiseAgain();
  }

  /** Puts guards into the database, for all replicas and for the time after a restart, until it has taken them. */
  #raiseAgain(): void {
    const [next] = this.#unraised;
    if (next === undefined || this.#raising || this.#closed) return;
    const [guard, seen] = next;
    this.#raising = true;
    within(raiseGuard(this.options, guard, seen)).then(
      () => {
        this.#raising = false;
        this.#raised.set(guard, seen);
        this.#raisedAtLoad = this.#state.loads;
        if (this.#unraised.get(guard) === seen) this.#unraised.delete(guard);
        this.#raiseAgain();
      },
      () => {
        // The next tick tries again.
        this.#raising = false;
      },
    );
  }
}
