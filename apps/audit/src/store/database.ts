import { type DatabaseTls, postgresSocket } from '@lethe/service-kit';
import { sql } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { atStoreEdge } from './store-error.js';

const CONNECTIONS_MAX = 8;
const RECONNECT_SECONDS_MAX = 1;
const WAKE_CHANNEL = 'lethe_audit_event';

export type Transaction = Parameters<Parameters<PostgresJsDatabase['transaction']>[0]>[0];
/** Connections or a transaction, to write tagged templates with. */
export type ISql = postgres.ISql;
/** Whose events a transaction may see. */
export type Reader = { readonly orgId: string } | 'all';

export interface AuditDatabase {
  readonly db: PostgresJsDatabase;
  /** The same connections without drizzle: prepared statements, one round trip each. */
  readonly sql: postgres.Sql;
  /** One transaction that sees the reader's events and no others. Rejects with StoreError. */
  readAs<T>(reader: Reader, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /**
   * Calls back soon after an event was appended, by any process, with the size of the log, or after something else that
   * is to be looked at, with nothing; a hint that may be missed. Never rejects.
   */
  listen(wake: (size: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** Connects with the first query, over TLS when an authority is given. */
export const openAuditDatabase = (url: string, tls?: DatabaseTls): AuditDatabase => {
  const options = {
    max: CONNECTIONS_MAX,
    connect_timeout: 5,
    idle_timeout: 60,
    backoff: (attempts: number) => Math.min(0.05 * 2 ** attempts, RECONNECT_SECONDS_MAX),
    debug: false,
    onnotice: () => {},
    connection: { application_name: 'lethe-audit' },
    ...postgresSocket(tls),
  };
  const client = postgres(url, options);
  const db = drizzle(client);
  return {
    db,
    sql: client,
    readAs: (reader, work) =>
      atStoreEdge(() =>
        db.transaction(async (transaction) => {
          const [name, value] = reader === 'all' ? ['app.reads_all', 'on'] : ['app.org_id', reader.orgId];
          await transaction.execute(sql`select set_config(${name}, ${value}, true)`);
          return await work(transaction);
        }),
      ),
    listen: (wake) =>
      client.listen(WAKE_CHANNEL, wake).then(
        () => {},
        () => {},
      ),
    close: () => client.end({ timeout: 2 }),
  };
};
