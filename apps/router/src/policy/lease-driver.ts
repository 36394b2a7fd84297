import type { RouterEffect, WriteEntry } from '@lethe/policy-sync';
import type { Logger } from '@lethe/service-kit';
import { OpenWrites } from './open-writes.js';
import type { PayloadTransport, PayloadWrites, WriteAttempt, Written } from './payload-writes.js';
import type { PolicyStore, Untimed } from './policy-store.js';

type Said = Extract<RouterEffect, { type: 'hello' | 'renew' | 'ack' | 'nack' | 'release' }>;

/** The stream to the control plane. */
export interface PolicyLink {
  say(message: Said): void;
  /** Leaves the stream, if there is one, and connects under a new boot id, before it returns. */
  newBoot(): void;
}

/**
 * Carries out what the lease protocol decides: each event is given to its step, and the effects are done in order
 * within the same turn of the event loop.
 */
export class LeaseDriver implements PayloadWrites {
  readonly #transports: PayloadTransport[] = [];
  readonly #open = new OpenWrites();
  #link: PolicyLink | undefined;

  constructor(
    private readonly store: PolicyStore,
    private readonly log: Logger,
  ) {}

  speakThrough(link: PolicyLink): void {
    this.#link = link;
  }

  carries(transport: PayloadTransport): void {
    this.#transports.push(transport);
  }

  handle(event: Untimed): void {
    this.#carryOutAll(this.store.take(event));
  }

  handlePolicy(message: Parameters<PolicyStore['takePolicy']>[0]): void {
    this.#carryOutAll(this.store.takePolicy(message));
  }

  /** Hurries on what waits for time to pass; and leaves a boot behind that could not acknowledge any more. */
  tick(): void {
    this.handle({ type: 'tick' });
    if (!this.#open.isStuck(this.store.nowMs, this.store.state.leaseTtlMs)) return;
    this.log.warn('payload.outcome_unknown');
    this.#carryOutAll([{ type: 'revoke', orgIds: 'all' }, { type: 'reset_payload' }, { type: 'new_boot' }]);
  }

  write<E extends WriteEntry>(entries: readonly E[], attempt: WriteAttempt<E>): Written<E> {
    const writeId = this.#open.nextId();
    const written = { withheld: [] as readonly E[], allowed: [] as readonly E[], outcome: Promise.resolve() };
    const others: RouterEffect[] = [];
    for (const effect of this.store.take({ type: 'write', writeId, entries })) {
      const named = 'entries' in effect ? entries.filter((entry) => effect.entries.includes(entry)) : [];
      if (effect.type === 'withhold') written.withheld = named;
      else if (effect.type === 'write') {
        written.allowed = named;
        written.outcome = attempt.send(named);
        this.#follow(writeId, named, written.outcome, attempt);
      } else others.push(effect);
    }
    this.#carryOutAll(others);
    return written;
  }

  #follow<E extends WriteEntry>(
    writeId: string,
    entries: readonly E[],
    outcome: Promise<void>,
    { certainlyNot }: WriteAttempt<E>,
  ): void {
    const orgIds = entries.map(({ orgId }) => orgId);
    const boot = this.#open.boot;
    const known = (): void => {
      if (boot === this.#open.boot) this.handle({ type: 'written', writeId });
    };
    outcome.then(known, (thrown: unknown) => {
      if (certainlyNot(thrown) || this.#open.standsIn(orgIds)) known();
      else if (boot === this.#open.boot) this.#open.leave(orgIds, this.store.nowMs);
    });
  }

  /** A new boot begins when all else is done: what follows it in the list is still said to the stream that is left. */
  #carryOutAll(effects: readonly RouterEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
    if (!effects.some(({ type }) => type === 'new_boot')) return;
    this.#open.forget();
    this.#link?.newBoot();
  }

  #carryOut(effect: RouterEffect): void {
    switch (effect.type) {
      case 'nack':
        this.log.warn('policy.refused', { reason: effect.reason, version: effect.version });
        this.#link?.say(effect);
        break;
      case 'hello':
      case 'renew':
      case 'ack':
      case 'release':
        this.#link?.say(effect);
        break;
      case 'revoke':
        for (const transport of this.#transports) transport.revoke(effect.orgIds);
        break;
      case 'reset_payload':
        for (const transport of this.#transports) transport.reset();
        break;
      case 'new_boot':
      case 'applied':
      case 'write':
      case 'withhold':
        break;
    }
  }
}
