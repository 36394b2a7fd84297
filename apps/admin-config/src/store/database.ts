import { type DatabaseTls, LetheError, type Logger, postgresSocket } from '@lethe/service-kit';
import { sql as fragment } from 'drizzle-orm';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { databaseCode, isLockdownState, toLetheError } from './database-error.js';
import { Session } from './session.js';
import { type Isolation, Transactions } from './transactions.js';

/** Where a query runs: the pool or a transaction. */
export type Queryable = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** The config database. Everything it rejects with is a LetheError; the driver's errors stay inside. */
export interface Database {
  read<T>(query: (db: Queryable) => Promise<T>): Promise<T>;
  transaction<T>(work: (tx: Queryable) => Promise<T>, isolation?: Isolation): Promise<T>;
  /** Calls back for each wake-up of the channel, also after a reconnect, until the returned function is called. */
  listen(channel: string, wake: () => void): () => void;
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

const readConnectionsMax = 6;
const sessionsMax = 8;
const waitingMax = 512;

const optionsOf = (tls: DatabaseTls | undefined) => ({
  debug: false,
  fetch_types: false,
  connect_timeout: 5,
  onnotice: () => {},
  connection: {
    application_name: 'lethe-admin-config',
    search_path: 'config',
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 30_000,
  },
  ...(tls !== undefined && postgresSocket(tls)),
});

const guard =
  (log: Logger) =>
  async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (thrown) {
      if (!(thrown instanceof LetheError)) {
        const sqlState = databaseCode(thrown);
        // The database refused what the code had let through: one of the two is wrong.
        log.warn(isLockdownState(sqlState) ? 'lockdown.refused_by_database' : 'database.failed', {
          sqlState: sqlState ?? 'none',
        });
      }
      throw toLetheError(thrown);
    }
  };

/** Opens the pool; connects at the first query, over TLS when an authority is given. */
export const openDatabase = (url: string, log: Logger, tls?: DatabaseTls): Database => {
  const options = optionsOf(tls);
  const guarded = guard(log);
  const sql = postgres(url, { ...options, max: readConnectionsMax });
  const db: Queryable = drizzle(sql);
  const transactions = new Transactions({ open: () => new Session(url, options), sessionsMax, waitingMax });
  return {
    read: (query) => guarded(() => query(db)),
    transaction: (work, isolation = 'read committed') =>
      guarded(() => transactions.run(isolation, (session) => work(drizzle(session)))),
    listen: (channel, wake) => {
      const listening = sql.listen(channel, wake, wake);
      listening.catch(() => log.warn('database.listen_failed'));
      return () => {
        listening.then(({ unlisten }) => unlisten()).catch(() => {});
      };
    },
    ready: async () => {
      try {
        await db.execute(fragment`select 1`);
        return true;
      } catch {
        return false;
      }
    },
    close: async () => {
      await Promise.all([transactions.close(), sql.end({ timeout: 1 })]);
    },
  };
};
