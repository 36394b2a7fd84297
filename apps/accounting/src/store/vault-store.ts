import type { OrgId, Uuid } from '@lethe/contracts';
import type postgres from 'postgres';
import { StoreError, storeErrorOf } from './store-error.js';

export interface WrappedTransitKey {
  readonly transitKeyId: Uuid;
  readonly orgId: OrgId;
  readonly wrapped: Buffer;
}

export interface VaultState {
  /** The wrapping key in use. */
  readonly wrappingName: Buffer;
  /** Wrapped keys were deleted and their bytes are still in the table's file. */
  readonly residue: boolean;
}

/** What may be done while the vault's lock is held: by one replica at a time, until the transaction ends. */
export interface VaultTransaction {
  state(): Promise<VaultState>;
  /** Waits for payload transactions that have read a key; none begins until this transaction ends. */
  takeTransitKeys(): Promise<readonly WrappedTransitKey[]>;
  /** Puts these keys, wrapped anew, into a fresh file in place of all there are. */
  replaceTransitKeys(change: {
    readonly from: Buffer;
    readonly to: Buffer;
    readonly keys: readonly WrappedTransitKey[];
  }): Promise<void>;
}

const lockTimeout = '2s';
const holderLock = 4;
const keeperLock = 6;

const bind = (tx: postgres.TransactionSql): VaultTransaction => ({
  async state() {
    const [row] = await tx<{ wrapping_name: Buffer; residue: boolean }[]>`select * from ingest.vault_state()`;
    if (row === undefined) throw new StoreError('failed', 'no_vault');
    return { wrappingName: row.wrapping_name, residue: row.residue };
  },
  async takeTransitKeys() {
    const rows = await tx<{ transit_key_id: Uuid; org_id: OrgId; wrapped_private: Buffer }[]>`
      select * from ingest.take_transit_keys()`;
    return rows.map((row) => ({
      transitKeyId: row.transit_key_id,
      orgId: row.org_id,
      wrapped: row.wrapped_private,
    }));
  },
  async replaceTransitKeys({ from, to, keys }) {
    const ids = keys.map((key) => key.transitKeyId);
    // The driver has no form for an array of bytes.
    const wrapped = keys.map((key) => key.wrapped.toString('hex'));
    await tx`
      select ingest.replace_transit_keys(${from}, ${to}, ${ids}::uuid[],
        array(select decode(hex, 'hex') from unnest(${wrapped}::text[]) with ordinality as u (hex, n) order by n))`;
  },
});

/** `session` has one connection: what it holds as a session ends with it. */
export const createVaultStore = (sql: postgres.Sql, session: postgres.Sql) => ({
  /** Runs `work` in one transaction. Throws StoreError, of kind timeout when others hold on for long. */
  async transaction<T>(work: (vault: VaultTransaction) => Promise<T>): Promise<T> {
    const ran: { value: T }[] = [];
    try {
      await sql.begin('isolation level read committed', async (tx) => {
        await tx.unsafe(`set local lock_timeout = '${lockTimeout}'`);
        ran.push({ value: await work(bind(tx)) });
      });
    } catch (error) {
      throw storeErrorOf(error);
    }
    return (ran[0] as { value: T }).value;
  },
  /** Whether this process may hold the wrapping keys: alone, or together with the other replicas. Throws StoreError. */
  async mayHold(sole: boolean): Promise<boolean> {
    try {
      const [row] = sole
        ? await session<{ got: boolean }[]>`select pg_try_advisory_lock(76, ${holderLock}) as got`
        : await session<{ got: boolean }[]>`select pg_try_advisory_lock_shared(76, ${holderLock}) as got`;
      return row?.got === true;
    } catch (error) {
      throw storeErrorOf(error);
    }
  },
  /** True for one replica at a time: it makes and registers keys. Throws StoreError. */
  async leadsKeeping(): Promise<boolean> {
    try {
      const [row] = await session<{ leads: boolean }[]>`
        select pg_try_advisory_lock(76, ${keeperLock}) as leads`;
      return row?.leads === true;
    } catch (error) {
      throw storeErrorOf(error);
    }
  },
});
export type VaultStore = ReturnType<typeof createVaultStore>;
