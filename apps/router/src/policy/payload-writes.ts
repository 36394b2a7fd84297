import type { WriteEntry } from '@lethe/policy-sync';

/** What carries payload over the network, on connections of its own (R8), as the lease protocol commands it. */
export interface PayloadTransport {
  /** Overwrites and drops what waits, of these organizations or of all. */
  revoke(orgIds: readonly string[] | 'all'): void;
  /** Resets every connection. What is under way on them is over: no further attempt follows. */
  reset(): void;
}

export interface WriteAttempt<E extends WriteEntry> {
  /** Hands these to a socket NOW, before it returns. */
  send(allowed: readonly E[]): Promise<void>;
  /** Whether a rejection means that nothing was stored and nothing will be. */
  certainlyNot(thrown: unknown): boolean;
}

export interface Written<E extends WriteEntry> {
  /** No longer allowed: the caller overwrites them. */
  readonly withheld: readonly E[];
  readonly allowed: readonly E[];
  /** What `send` returned; resolved when nothing was allowed. */
  readonly outcome: Promise<void>;
}

/** R4: the one way for sealed content to a socket. Asked for every attempt, in the turn in which it begins. */
export interface PayloadWrites {
  write<E extends WriteEntry>(entries: readonly E[], attempt: WriteAttempt<E>): Written<E>;
}
