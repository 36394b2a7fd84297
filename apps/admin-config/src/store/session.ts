import postgres from 'postgres';

const lostCode = 'CONNECTION_CLOSED';

/** The connection of a session is gone. `code` is the driver's own for this. */
export class SessionLostError extends Error {
  readonly code = lostCode;
  constructor() {
    super('session lost');
  }
}

/**
 * One physical connection that never reconnects. The driver's own transactions go on writing to a connection that is
 * gone, which ends the process, or reach whoever got the connection next; here everything after the loss rejects.
 */
export class Session {
  #lost = false;
  readonly #raw: postgres.Sql;
  /** For drizzle: the driver with every query refused once the connection is lost. */
  readonly sql: postgres.Sql;

  constructor(url: string, options: postgres.Options<Record<string, never>>) {
    this.#raw = postgres(url, { ...options, max: 1, max_lifetime: null, onclose: () => this.discard() });
    const refuseWhenLost = (): void => {
      if (this.#lost) throw new SessionLostError();
    };
    this.sql = new Proxy(this.#raw, {
      apply: (target, receiver, args) => {
        refuseWhenLost();
        return Reflect.apply(target, receiver, args);
      },
      get: (target, name) => {
        if (name === 'unsafe') refuseWhenLost();
        return Reflect.get(target, name);
      },
    });
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Runs a statement without parameters; resolves to its command tag. */
  async command(statement: string): Promise<string> {
    const { command } = await this.sql.unsafe(statement);
    return command;
  }

  /** Ends the connection at once, whatever it is doing. */
  discard(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#raw.end({ timeout: 0 }).catch(() => {});
  }

  /** Ends the connection when its query is done, at most a second later. */
  async end(): Promise<void> {
    this.#lost = true;
    await this.#raw.end({ timeout: 1 }).catch(() => {});
  }
}
