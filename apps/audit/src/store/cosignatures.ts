import { textArray } from './array-literals.js';
import type { ISql } from './database.js';
import { atStoreEdge } from './store-error.js';

/** A checkpoint of the database with the cosignature lines it has. */
export interface CosignedNote {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  readonly lines: readonly string[];
}

interface CosignedRow {
  readonly size: string;
  readonly root: Buffer;
  readonly note: string;
  readonly lines: string[];
}

/** The newest checkpoint up to a size that at least `quorum` of the witnesses cosigned. Rejects with StoreError. */
export const readNewestCosigned = (
  sql: ISql,
  wanted: { readonly sizeMax: number; readonly witnesses: readonly string[]; readonly quorum: number },
): Promise<CosignedNote | undefined> =>
  atStoreEdge(async () => {
    const names = textArray(wanted.witnesses);
    const [row] = await sql<CosignedRow[]>`
      select c.size::text as size, c.root, c.note, array(
        select k.line from audit.cosignature k
        where k.size = c.size and k.witness = any (${names}::text[]) order by k.witness) as lines
      from audit.checkpoint c
      where c.size = (
        select k.size from audit.cosignature k
        where k.size <= ${String(wanted.sizeMax)}::bigint and k.witness = any (${names}::text[])
        group by k.size having count(*) >= ${wanted.quorum}::integer order by k.size desc limit 1)`;
    return row && { ...row, size: Number(row.size) };
  });

/** The cosignature lines of one checkpoint. Rejects with StoreError. */
export const readCosignatures = (sql: ISql, size: number, witnesses: readonly string[]): Promise<string[]> =>
  atStoreEdge(async () => {
    const rows = await sql<{ line: string }[]>`
      select line from audit.cosignature
      where size = ${String(size)}::bigint and witness = any (${textArray(witnesses)}::text[]) order by witness`;
    return rows.map(({ line }) => line);
  });

/** The size that a witness cosigned last as far as is known here, 0 without one. Rejects with StoreError. */
export const readCosignedSize = (sql: ISql, witness: string): Promise<number> =>
  atStoreEdge(async () => {
    const [row] = await sql<{ size: string | null }[]>`
      select max(size)::text as size from audit.cosignature where witness = ${witness}`;
    return Number(row?.size ?? 0);
  });

/** Keeps a line that was verified; one that is there stays. Rejects with StoreError. */
export const putCosignature = (
  sql: ISql,
  cosignature: { readonly size: number; readonly witness: string; readonly line: string },
): Promise<void> =>
  atStoreEdge(async () => {
    const { size, witness, line } = cosignature;
    await sql`select audit.put_cosignature(${String(size)}::bigint, ${witness}, ${line})`;
  });
