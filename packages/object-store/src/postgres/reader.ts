import type postgres from 'postgres';
import type { PostgresStoreConfig } from '../config.js';
import { checkKey, listingOf, type ObjectInfo, type ObjectReader, ObjectStoreError } from '../port.js';
import { Pool } from './pool.js';

const answerTimeoutMs = 15_000;
const connectionsMax = 4;

interface Row {
  readonly key: string;
  readonly bytes: number;
  readonly stored_at_ms: string;
}

const toInfo = (row: Row): ObjectInfo => ({
  key: row.key,
  bytes: row.bytes,
  storedAtMs: Number(row.stored_at_ms),
});

/** The Postgres adapter of ObjectReader. */
export const openPostgresReader = (config: PostgresStoreConfig): ObjectReader => {
  const pool = new Pool({ config, size: connectionsMax });
  const ask = <T>(question: (sql: postgres.Sql) => Promise<T>): Promise<T> =>
    pool.run(answerTimeoutMs, ({ sql }) => question(sql));

  const stat = async (key: string): Promise<ObjectInfo | undefined> => {
    checkKey(key);
    const [row] = await ask((sql) => sql<Row[]>`select * from object_store.stat(${key})`);
    return row && toInfo(row);
  };

  async function* pieces({ key, bytes }: ObjectInfo): AsyncGenerator<Buffer, void, undefined> {
    let left = bytes;
    for (let number = 0; left > 0; number += 1) {
      const [row] = await ask(
        (sql) => sql<{ body: Buffer | null }[]>`select object_store.read_piece(${key}, ${number}) as body`,
      );
      // Somebody removed the object meanwhile.
      if (!row?.body) throw new ObjectStoreError('truncated');
      left -= row.body.length;
      yield row.body;
    }
  }

  return {
    stat,
    read: async (key) => {
      const info = await stat(key);
      return info && pieces(info);
    },
    list: async (options) => {
      const { after, limit } = listingOf(options);
      const rows = await ask((sql) => sql<Row[]>`select * from object_store.list(${after}, ${limit})`);
      return rows.map(toInfo);
    },
    remove: async (key) => {
      checkKey(key);
      await ask((sql) => sql`select object_store.remove(${key})`);
    },
    close: () => pool.close(),
  };
};
