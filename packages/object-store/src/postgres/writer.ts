import type { PostgresStoreConfig } from '../config.js';
import { checkPut, type ObjectWriter, type WriterOptions } from '../port.js';
import type { Connection } from './connection.js';
import { Pool } from './pool.js';

const defaultPutTimeoutMs = 15_000;
const connectionsMax = 4;
const pieceBytes = 1_048_576;

/** One transaction on a connection of its own, so that a failure has nothing to roll back: the connection goes. */
const putWhole = async ({ sql }: Connection, key: string, body: Buffer): Promise<void> => {
  await sql`begin`;
  await sql`select object_store.open_put(${key}, ${body.length})`;
  for (let number = 0; number * pieceBytes < body.length; number += 1) {
    const piece = body.subarray(number * pieceBytes, (number + 1) * pieceBytes);
    await sql`select object_store.put_piece(${key}, ${number}, ${piece})`;
  }
  await sql`commit`;
};

/** The Postgres adapter of ObjectWriter. */
export const openPostgresWriter = (config: PostgresStoreConfig, options: WriterOptions): ObjectWriter => {
  const { mayWrite, putTimeoutMs = defaultPutTimeoutMs } = options;
  const pool = new Pool({ config, size: connectionsMax, mayWrite });
  return {
    put: async (key, body) => {
      checkPut(key, body);
      await pool.run(putTimeoutMs, (connection) => putWhole(connection, key, body));
    },
    sever: () => pool.sever(),
    close: () => pool.close(),
  };
};
