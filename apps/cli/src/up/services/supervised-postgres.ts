import { existsSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import {
  type PostgresServer,
  PostgresServerError,
  type StartOptions,
  startPostgres,
} from '@lethe/postgres-server';
import { Backoff } from '@lethe/service-kit';
import { remark } from '../../terminal/print.js';
import { Problem } from '../../terminal/problem.js';

/** What a person needs to know of a Postgres that did not start: its constant text and our own fields. */
export const postgresProblem = (error: PostgresServerError): Problem => {
  const { pid, migration, sqlState, folder } = error.fields;
  const details = [
    folder,
    pid === undefined ? undefined : `process ${pid}`,
    migration === undefined ? undefined : `migration ${migration}`,
    sqlState === undefined ? undefined : `SQLSTATE ${sqlState}`,
  ].filter((detail) => detail !== undefined);
  return new Problem(`Postgres: ${error.message}${details.length > 0 ? ` (${details.join(', ')})` : ''}`);
};

/** A Postgres that is started again when it ends by itself, at the address it had. */
export class SupervisedPostgres {
  readonly #options: StartOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff();
  readonly #first: PostgresServer;
  #server: PostgresServer;
  #running: Promise<void>;

  private constructor(options: StartOptions, server: PostgresServer) {
    this.#options = options;
    this.#first = server;
    this.#server = server;
    this.#running = this.#keepRunning();
  }

  /** Rejects with Problem. */
  static async start(options: StartOptions): Promise<SupervisedPostgres> {
    try {
      return new SupervisedPostgres(options, await startPostgres(options));
    } catch (error) {
      throw error instanceof PostgresServerError ? postgresProblem(error) : error;
    }
  }

  readonly connection: PostgresServer['connection'] = (login) => this.#first.connection(login);
  readonly url: PostgresServer['url'] = (login) => this.#first.url(login);

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.stop();
    await this.#running;
    if (this.#server.socketDir !== this.#first.socketDir) await rm(this.#first.socketDir, { force: true });
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    for (let startedAtMs = performance.now(); ; ) {
      await this.#server.exited;
      if (signal.aborted) return;
      remark('Postgres ended: starting it again');
      await this.#backoff.pause(performance.now() - startedAtMs, signal);
      if (signal.aborted) return;
      startedAtMs = performance.now();
      // What failed shows as an ended server, and is tried again.
      await this.#again().catch(() => undefined);
    }
  }

  async #again(): Promise<void> {
    const server = await startPostgres(this.#options);
    this.#server = server;
    // A socket folder that had to lie elsewhere has a new name each time; services keep the address they were given.
    if (server.socketDir !== this.#first.socketDir && !existsSync(this.#first.socketDir))
      await symlink(server.socketDir, this.#first.socketDir);
    if (this.#stopping.signal.aborted) await server.stop();
  }
}
