import { LetheError } from '@lethe/service-kit';
import type postgres from 'postgres';
import { databaseCode } from './database-error.js';
import { type Session, SessionLostError } from './session.js';

export type Isolation = 'read committed' | 'repeatable read';

/** A commit that the database answered with a rollback: a query failed and its error was swallowed. */
class NotCommittedError extends Error {
  constructor() {
    super('not committed');
  }
}

interface TransactionsOptions {
  readonly open: () => Session;
  readonly sessionsMax: number;
  readonly waitingMax: number;
}

/** Runs transactions, each on a session that is its own for so long. More than can wait are gateway.overloaded. */
export class Transactions {
  readonly #free: Session[] = [];
  readonly #busy = new Set<Session>();
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  constructor(private readonly options: TransactionsOptions) {}

  async run<T>(isolation: Isolation, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const session = await this.#take();
    try {
      await session.command(`begin isolation level ${isolation}`);
      const result = await work(session.sql);
      if ((await session.command('commit')) !== 'COMMIT') throw new NotCommittedError();
      return result;
    } catch (error) {
      await this.#rollBack(session);
      // Whatever the driver made of it: with its connection gone, the transaction failed because of that.
      throw session.lost && databaseCode(error) === undefined ? new SessionLostError() : error;
    } finally {
      this.#give(session);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#free, ...this.#busy].map((session) => session.end()));
  }

  async #rollBack(session: Session): Promise<void> {
    if (session.lost) return;
    try {
      await session.command('rollback');
    } catch {
      // The server rolls back when the connection goes.
      session.discard();
    }
  }

  async #take(): Promise<Session> {
    while (this.#busy.size >= this.options.sessionsMax) {
      if (this.#waiting.length >= this.options.waitingMax) throw new LetheError('gateway.overloaded');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) throw new LetheError('gateway.unavailable');
    let session = this.#free.pop();
    while (session?.lost) session = this.#free.pop();
    session ??= this.options.open();
    this.#busy.add(session);
    return session;
  }

  #give(session: Session): void {
    this.#busy.delete(session);
    if (!session.lost) this.#free.push(session);
    this.#waiting.shift()?.();
  }
}
