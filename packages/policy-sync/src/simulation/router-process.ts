import { gateOpen, mayWrite } from '../router/gate.js';
import type { RouterEffect, RouterEvent, RouterState, WriteEntry } from '../router/types.js';
import { MachineClocks } from './machine-clocks.js';
import { delayMs, type Stream, type ToRouter } from './network.js';
import type { World } from './world.js';

type Untimed = RouterEvent extends infer E ? (E extends RouterEvent ? Omit<E, 'at'> : never) : never;

/** One router: the product's step, its clocks, its stream, and a payload transport whose answers take time. */
export class RouterProcess {
  readonly clocks: MachineClocks;
  state: RouterState;
  stream: Stream | undefined;
  #alive = true;
  #frozenUntilMs = 0;
  #boots = 0;
  #connection = 0;
  #writes = 0;
  /** Real time at which each renewal left, by nonce: the checker's own memory. */
  readonly #sentMs = new Map<bigint, number>();
  #leaseNonce = 0n;
  /** Writes whose outcome this boot has not heard: the checker's own memory. */
  readonly #unknown = new Map<string, readonly string[]>();

  constructor(
    readonly routerId: string,
    private readonly world: World,
    private readonly connectTo: (router: RouterProcess) => Stream | undefined,
  ) {
    this.clocks = new MachineClocks(world.random, world.options.drift);
    this.state = world.parts.routerState(world.options.drift);
  }

  get running(): boolean {
    return this.#alive && this.world.timeline.nowMs >= this.#frozenUntilMs;
  }

  gateOpen(): boolean {
    return (
      this.#alive && gateOpen(this.state, this.world.parts.reading(this.clocks, this.world.timeline.nowMs))
    );
  }

  /** Starts, or starts again after a crash, with nothing but its name. */
  boot(): void {
    this.#alive = true;
    this.#unknown.clear();
    this.state = this.world.parts.routerState(this.world.options.drift);
    this.#connection += 1;
    this.connect(true);
  }

  crash(forMs: number): void {
    this.#alive = false;
    this.#boots += 1;
    this.stream?.close();
    this.world.timeline.after(forMs, () => this.boot());
  }

  /** Stops between operations; asleep, its first clock stops as well. */
  freeze(forMs: number, asleep: boolean): void {
    if (!this.running) return;
    this.#frozenUntilMs = this.world.timeline.nowMs + forMs;
    if (asleep) this.clocks.slept(forMs);
  }

  connect(newBoot: boolean): void {
    if (newBoot) this.#boots += 1;
    const boot = this.#boots;
    this.world.timeline.after(this.world.random.between(20, 500), () => {
      if (!this.#alive || boot !== this.#boots || this.stream?.open === true) return;
      this.stream = this.connectTo(this);
      if (this.stream === undefined) this.connect(false);
      else this.handle({ type: 'connected', bootId: `boot-${boot}` });
    });
  }

  lostStream(): void {
    if (!this.#alive) return;
    this.handle({ type: 'disconnected' });
    this.connect(false);
  }

  receive(message: ToRouter): void {
    this.handle(message);
  }

  offer(orgId: string): void {
    if (!this.running) return;
    this.#writes += 1;
    const entry = { orgId, apiKeyId: `key-of-${orgId}`, sealingKeyId: `seal-of-${orgId}` };
    this.handle({ type: 'write', writeId: `${this.#boots}-${this.#writes}`, entries: [entry] });
  }

  handle(event: Untimed): void {
    if (!this.#alive) return;
    const { timeline, parts } = this.world;
    if (timeline.nowMs < this.#frozenUntilMs) {
      const boot = this.#boots;
      timeline.at(this.#frozenUntilMs, () => {
        if (boot === this.#boots) this.handle(event);
      });
      return;
    }
    const at = parts.reading(this.clocks, timeline.nowMs);
    const before = this.state;
    const [state, effects] = parts.routerStep(before, { ...event, at } as RouterEvent);
    this.state = state;
    if (event.type === 'grant' && state.lease !== before.lease) this.#leaseNonce = event.nonce;
    this.world.steps += 1;
    this.#checkMonotone(before);
    for (const effect of effects) this.#carryOut(effect);
    this.#checkLearning();
  }

  #carryOut(effect: RouterEffect): void {
    switch (effect.type) {
      case 'hello':
        this.stream?.toAdmin({ ...effect, routerId: this.routerId });
        break;
      case 'renew':
        this.#sentMs.set(effect.nonce, this.world.timeline.nowMs);
        this.stream?.toAdmin(effect);
        break;
      case 'ack':
        this.#checkQuiescence(effect.version);
        this.stream?.toAdmin(effect);
        break;
      case 'nack':
      case 'release':
        this.stream?.toAdmin(effect);
        break;
      case 'write':
        this.#write(effect.writeId, effect.entries);
        break;
      case 'reset_payload':
        this.#connection += 1;
        break;
      case 'new_boot':
        this.#boots += 1;
        this.#unknown.clear();
        if (this.stream?.open === true) this.stream.close();
        else this.connect(false);
        break;
      case 'applied':
      case 'revoke':
      case 'withhold':
        break;
    }
  }

  #write(writeId: string, entries: readonly WriteEntry[]): void {
    const { random, timeline, weather, options } = this.world;
    const connection = this.#connection;
    const organizations = entries.map(({ orgId }) => orgId);
    this.#unknown.set(writeId, organizations);
    const initiate = (): void => {
      this.#checkWrite(entries);
      timeline.after(delayMs(random, weather), () => {
        if (connection !== this.#connection) return;
        this.#unknown.delete(writeId);
        this.handle({ type: 'written', writeId });
      });
    };
    if (options.freezeBeforeWrite === true && random.chance(0.02)) {
      const forMs = random.between(100, 25_000);
      this.freeze(forMs, false);
      timeline.after(forMs, initiate);
    } else initiate();
  }

  /** I1, and R2 with it. */
  #checkMonotone(before: RouterState): void {
    const { state } = this;
    if (state.zdrOrgIds !== before.zdrOrgIds) {
      for (const orgId of before.zdrOrgIds) if (!state.zdrOrgIds.has(orgId)) this.world.breach('I1');
    }
    if (state.version < before.version) this.world.breach('I1');
  }

  /** I2: an open gate has applied every version that was committed a whole lease ago. */
  #checkLearning(): void {
    if (!this.gateOpen()) return;
    const { database, timeline, timing } = this.world;
    const since = timeline.nowMs - timing.lapseAfterMs;
    const old = database.commits.findLast(({ atMs }) => atMs < since);
    if (old !== undefined && this.state.version < old.version) this.world.breach('I2');
  }

  /** I4 at the socket, and the count of late initiations (I5). */
  #checkWrite(entries: readonly WriteEntry[]): void {
    const { timeline, timing, returnedMs, parts } = this.world;
    const sentMs = this.#sentMs.get(this.#leaseNonce) ?? Number.NEGATIVE_INFINITY;
    const at = parts.reading(this.clocks, timeline.nowMs);
    this.world.writes += 1;
    if (timeline.nowMs - sentMs > timing.leaseTtlMs) this.world.breach('I4');
    for (const entry of entries) {
      if (!mayWrite(this.state, at, entry)) this.world.breach('I4');
      if (timeline.nowMs > (returnedMs.get(entry.orgId) ?? Number.POSITIVE_INFINITY))
        this.world.lateWrites += 1;
    }
  }

  /** I7: who acknowledges has nothing under way of organizations that are ZDR by then. */
  #checkQuiescence(version: bigint): void {
    const members = this.world.database.zdrAt(version);
    for (const organizations of this.#unknown.values()) {
      if (organizations.some((orgId) => members.includes(orgId))) this.world.breach('I7');
    }
  }
}
