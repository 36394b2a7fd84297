import type { NackReason, PolicyChange } from '../router/types.js';
import type { Random } from './random.js';
import type { Timeline } from './timeline.js';

export type ToAdmin =
  | {
      readonly type: 'hello';
      readonly routerId: string;
      readonly bootId: string;
      readonly haveVersion: bigint;
    }
  | { readonly type: 'renew'; readonly nonce: bigint }
  | { readonly type: 'ack'; readonly version: bigint }
  | { readonly type: 'nack'; readonly reason: NackReason }
  | { readonly type: 'release' };

export type ToRouter =
  | { readonly type: 'policy'; readonly change: PolicyChange }
  | { readonly type: 'grant'; readonly nonce: bigint; readonly ttlMs: number; readonly version: bigint };

interface Ends {
  toAdmin(message: ToAdmin): void;
  toRouter(message: ToRouter): void;
  closed(): void;
}

/** The faults of the network, which end when it is healed. */
export interface Weather {
  lossShare: number;
  slowShare: number;
  /** Routers cut off from every replica. */
  readonly cutOff: Set<string>;
  /** Routers whose acknowledgements get lost. */
  readonly mute: Set<string>;
}

/** How long a message is under way: mostly some tens of milliseconds, sometimes many seconds. */
export const delayMs = (random: Random, weather: Weather): number =>
  random.chance(weather.slowShare) ? random.between(80, 20_000) : random.between(1, 80);

/** One stream between a router and a replica: in order in each direction, but anything may be late or lost. */
export class Stream {
  open = true;
  #adminFreeMs = 0;
  #routerFreeMs = 0;

  constructor(
    readonly id: string,
    private readonly routerId: string,
    private readonly ends: Ends,
    private readonly world: { timeline: Timeline; random: Random; weather: Weather },
  ) {}

  #lost(): boolean {
    const { random, weather } = this.world;
    return !this.open || weather.cutOff.has(this.routerId) || random.chance(weather.lossShare);
  }

  toAdmin(message: ToAdmin): void {
    const { timeline, random, weather } = this.world;
    if (this.#lost() || (message.type === 'ack' && weather.mute.has(this.routerId))) return;
    this.#adminFreeMs = Math.max(this.#adminFreeMs, timeline.nowMs + delayMs(random, weather));
    timeline.at(this.#adminFreeMs, () => {
      if (this.open) this.ends.toAdmin(message);
    });
  }

  toRouter(message: ToRouter): void {
    const { timeline, random, weather } = this.world;
    if (this.#lost()) return;
    this.#routerFreeMs = Math.max(this.#routerFreeMs, timeline.nowMs + delayMs(random, weather));
    timeline.at(this.#routerFreeMs, () => {
      if (this.open) this.ends.toRouter(message);
    });
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.ends.closed();
  }
}
