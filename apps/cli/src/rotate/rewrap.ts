import { type Uuid, uuidBytes } from '@lethe/contracts';
import { SealedPayloadError, unwrapKey, type WrapBinding, wrapKey } from '@lethe/sealed-payload';
import type postgres from 'postgres';
import { Problem } from '../terminal/problem.js';

interface Row {
  readonly org_id: Uuid;
  readonly version: number;
  readonly wrapped_key: Buffer;
  readonly created_at: string;
}

/** As accounting binds an organization's at-rest key to what it is for. */
const bindingOf = ({ org_id: orgId, version }: Row): WrapBinding => ({
  purpose: 'at_rest_key',
  orgId: uuidBytes(orgId),
  objectId: Buffer.from(String(version)),
  keyVersion: 0,
});

const unwrapped = (row: Row, key: Buffer): Buffer | undefined => {
  try {
    return unwrapKey(row.wrapped_key, key, bindingOf(row));
  } catch (error) {
    if (error instanceof SealedPayloadError) return undefined;
    throw error;
  }
};

export interface RootKeys {
  readonly from: Buffer;
  readonly to: Buffer;
}

export interface Rewrapped {
  readonly moved: number;
  /** Wrapped by the new key before. */
  readonly there: number;
}

/** Accounting holds it, shared, for as long as it runs: nobody else may then touch the keys. */
const holderLock = 4;

const isAlone = async (tx: postgres.TransactionSql): Promise<boolean> => {
  const [row] = await tx<{ alone: boolean }[]>`select pg_try_advisory_xact_lock(76, ${holderLock}) as alone`;
  return row?.alone === true;
};

/**
 * Wraps every organization's at-rest key anew, in one transaction and into a new file of the table, so that nothing
 * under the old root key stays in it. Content is not touched. Throws Problem, with nothing changed, when accounting
 * runs, or when a key opens with neither root key.
 */
export const rewrapAll = (sql: postgres.Sql, { from, to }: RootKeys): Promise<Rewrapped> =>
  sql.begin('isolation level read committed', async (tx) => {
    if (!(await isAlone(tx)))
      throw new Problem(
        'Accounting runs, and holds the old key.',
        'Stop every replica of it, and run this again.',
      );
    await tx`set local lock_timeout = '10s'`;
    await tx`lock table ingest.at_rest_key in access exclusive mode`;
    const rows = await tx<Row[]>`
      select org_id, version, wrapped_key, created_at::text as created_at from ingest.at_rest_key`;
    let moved = 0;
    const renewed = rows.map((row) => {
      const own = unwrapped(row, to);
      if (own !== undefined) {
        own.fill(0);
        return row;
      }
      const plain = unwrapped(row, from);
      if (plain === undefined)
        throw new Problem(
          'There are stored keys that open with neither root key. Nothing was changed.',
          'LETHE_AT_REST_ROOT_KEY_FILE must name the key that accounting has had until now.',
        );
      moved += 1;
      try {
        return { ...row, wrapped_key: wrapKey(plain, to, bindingOf(row)) };
      } finally {
        plain.fill(0);
      }
    });
    if (moved === 0) return { moved, there: rows.length };
    await tx`truncate ingest.at_rest_key`;
    for (const { org_id, version, wrapped_key, created_at } of renewed)
      await tx`insert into ingest.at_rest_key (org_id, version, wrapped_key, created_at)
        values (${org_id}, ${version}, ${wrapped_key}, ${created_at}::timestamptz)`;
    return { moved, there: rows.length - moved };
  });
