import type { AdminEffect, AdminEvent, AdminState } from '../admin/types.js';
import type { PolicyView } from '../router/types.js';
import { orgIds } from './config-database.js';
import { MachineClocks } from './machine-clocks.js';
import type { Stream, ToAdmin } from './network.js';
import type { World } from './world.js';

type Untimed = AdminEvent extends infer E ? (E extends AdminEvent ? Omit<E, 'atMs'> : never) : never;

const viewOf = (zdrOrgIds: readonly string[]): PolicyView => ({
  organization: (orgId) => ({ zdr: zdrOrgIds.includes(orgId) }),
  apiKey: (apiKeyId) => {
    const orgId = apiKeyId.slice('key-of-'.length);
    const logging = !zdrOrgIds.includes(orgId);
    return { orgId, logging, sealingKeyId: logging ? `seal-of-${orgId}` : undefined };
  },
});

/** One replica of admin-config: the product's step, a clock, and calls to the database and the services that take time. */
export class AdminProcess {
  readonly #clocks: MachineClocks;
  #state: AdminState;
  #life = 0;
  alive = true;
  /** Called at the moment an EnableZDR at this version returns. */
  onReturn: (version: bigint) => void = () => undefined;
  readonly #streams = new Map<string, Stream>();
  readonly #startedMs = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly notifyOthers: (from: AdminProcess) => void,
  ) {
    this.#clocks = new MachineClocks(world.random, world.options.drift);
    this.#state = world.parts.adminState(world.timing);
  }

  boot(): void {
    this.alive = true;
    this.#life += 1;
    this.#state = this.world.parts.adminState(this.world.timing);
    this.#startedMs.clear();
    this.#every(1000, () => {
      this.handle({ type: 'changed' });
      for (const pending of this.world.database.pending()) {
        if (this.#startedMs.has(pending.orgId)) continue;
        this.#startedMs.set(pending.orgId, this.world.timeline.nowMs);
        this.world.resumed += 1;
        this.handle({ type: 'pending_found', ...pending });
      }
    });
    this.#tick();
  }

  crash(forMs: number): void {
    if (!this.alive) return;
    this.alive = false;
    this.#life += 1;
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.world.timeline.after(forMs, () => this.boot());
  }

  accept(stream: Stream): void {
    this.#streams.set(stream.id, stream);
  }

  receive(streamId: string, message: ToAdmin): void {
    this.handle({ ...message, streamId } as Untimed);
  }

  lostStream(streamId: string): void {
    this.#streams.delete(streamId);
    this.handle({ type: 'closed', streamId });
  }

  enable(orgId: string): void {
    this.handle({ type: 'enable_zdr', orgId, requestId: `request-for-${orgId}` });
  }

  handle(event: Untimed): void {
    if (!this.alive) return;
    const atMs = this.#clocks.monotonicMs(this.world.timeline.nowMs);
    const [state, effects] = this.world.parts.adminStep(this.#state, { ...event, atMs } as AdminEvent);
    this.#state = state;
    this.world.steps += 1;
    for (const effect of effects) this.#carryOut(effect);
  }

  #tick(): void {
    const life = this.#life;
    this.world.timeline.after(this.#state.enablings.size > 0 ? 25 : 500, () => {
      if (life !== this.#life) return;
      this.handle({ type: 'tick' });
      this.#tick();
    });
  }

  #every(periodMs: number, run: () => void): void {
    const life = this.#life;
    const again = (): void => {
      if (life !== this.#life) return;
      run();
      this.world.timeline.after(periodMs, again);
    };
    this.world.timeline.after(this.world.random.between(0, periodMs), again);
  }

  /** A call: done at some moment on the way, answered later, to the life that made it. */
  #call<T>(perform: () => T, answer: (result: T) => void): void {
    const { timeline, random } = this.world;
    const life = this.#life;
    timeline.after(random.between(1, 20), () => {
      const result = perform();
      timeline.after(random.between(1, 20), () => {
        if (life === this.#life) answer(result);
      });
    });
  }

  #carryOut(effect: AdminEffect): void {
    const stream = 'streamId' in effect ? this.#streams.get(effect.streamId) : undefined;
    switch (effect.type) {
      case 'push':
        stream?.toRouter({ type: 'policy', change: this.#change(effect.fromVersion, effect.version) });
        break;
      case 'grant':
        stream?.toRouter(effect);
        break;
      case 'cut':
        stream?.close();
        break;
      case 'grant_transaction':
        this.#grant(effect);
        break;
      case 'raise':
        this.world.breach(`guard ${effect.guard}`);
        break;
      case 'answer':
        break;
      default:
        this.#useDatabase(effect);
    }
  }

  #change(fromVersion: bigint | undefined, version: bigint) {
    const zdrOrgIds = this.world.database.zdrAt(version);
    const organizations = orgIds.map((orgId) => ({ orgId, zdr: zdrOrgIds.includes(orgId) }));
    return { fromVersion, version, zdrOrgIds, organizations, view: viewOf(zdrOrgIds) };
  }

  #grant(effect: Extract<AdminEffect, { type: 'grant_transaction' }>): void {
    const { database, timeline, parts } = this.world;
    const { streamId, nonce } = effect;
    this.#call(
      () => parts.grant(database, effect, timeline.nowMs),
      (version) =>
        this.handle(
          version === undefined
            ? { type: 'grant_refused', streamId }
            : { type: 'grant_committed', streamId, nonce, version },
        ),
    );
  }

  #useDatabase(effect: AdminEffect): void {
    const { database, timeline } = this.world;
    switch (effect.type) {
      case 'load_policy':
        this.#call(
          () => ({ version: database.version, zdrOrgIds: database.zdrAt(database.version) }),
          (read) => this.handle({ type: 'policy_loaded', loadId: effect.loadId, ...read }),
        );
        break;
      case 'read_leases':
        this.#call(
          () => [...database.leases.values()],
          (rows) => this.handle({ type: 'leases_read', readId: effect.readId, rows }),
        );
        break;
      case 'record_ack':
        this.#call(
          () => database.acknowledge(effect.routerId, effect.bootId, effect.version),
          () => undefined,
        );
        break;
      case 'release_lease':
        this.#call(
          () => database.release(effect.routerId, effect.bootId),
          () => undefined,
        );
        break;
      case 'forget_lease':
        this.#call(
          () => database.forget(effect.routerId, effect.bootId, effect.renewals),
          () => undefined,
        );
        break;
      case 'commit_zdr': {
        const { orgId } = effect;
        this.#call(
          () => {
            const { version, effective } = database.commitZdr(orgId, timeline.nowMs);
            this.notifyOthers(this);
            return { version, effective };
          },
          (row) => {
            this.#startedMs.set(orgId, timeline.nowMs);
            this.handle({ type: 'zdr_committed', orgId, ...row });
          },
        );
        break;
      }
      default:
        this.#useService(effect);
    }
  }

  #useService(effect: AdminEffect): void {
    const { timeline, random, sealedOrgIds, callFailureShare, enableMs } = this.world;
    if (effect.type !== 'seal_org' && effect.type !== 'append_audit' && effect.type !== 'confirm_zdr') return;
    const { orgId } = effect;
    const call = { seal_org: 'seal', append_audit: 'audit', confirm_zdr: 'confirm' } as const;
    const fails = random.chance(callFailureShare);
    this.#call(
      () => {
        if (fails) return;
        if (effect.type === 'seal_org') sealedOrgIds.add(orgId);
        if (effect.type === 'confirm_zdr') this.#confirm(orgId, effect);
      },
      () => {
        const startedMs = this.#startedMs.get(orgId);
        if (effect.type === 'confirm_zdr' && !fails && startedMs !== undefined)
          enableMs.push(timeline.nowMs - startedMs);
        this.handle({ type: fails ? 'call_failed' : 'call_done', orgId, call: call[effect.type] });
      },
    );
  }

  /** The second transaction: from this moment on the organization is called ZDR, effective. */
  #confirm(orgId: string, { evidence }: Extract<AdminEffect, { type: 'confirm_zdr' }>): void {
    const { database, returnedMs, timeline, sealedOrgIds } = this.world;
    const row = database.zdr.get(orgId);
    if (row === undefined || row.effective) return;
    row.effective = true;
    if (!sealedOrgIds.has(orgId)) this.world.breach('I6');
    returnedMs.set(orgId, timeline.nowMs);
    this.world.acknowledged += evidence.acknowledged.length;
    this.world.lapsed += evidence.lapsed.length;
    this.onReturn(row.version);
  }
}
