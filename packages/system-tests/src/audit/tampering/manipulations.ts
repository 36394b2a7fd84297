import type postgres from 'postgres';
import type { TableColumn } from './table-columns.js';

/** One way to tamper with one thing. */
export interface Manipulation {
  /** `table.column`, a table, or a file. */
  readonly place: string;
  readonly what: string;
  apply(where: { readonly sql: postgres.Sql; readonly anchorsFolder: string }): Promise<void>;
}

/** How one value of a type becomes another that differs as little as may be. */
const changedValue = (column: string, type: string): string => {
  if (type === 'bytea')
    return `set_byte(${column}, octet_length(${column}) / 2, get_byte(${column}, octet_length(${column}) / 2) # 1)`;
  if (type === 'uuid')
    return `(left(${column}::text, 35) || case right(${column}::text, 1) when '0' then '1' else '0' end)::uuid`;
  if (type === 'text')
    return `overlay(${column} placing case substr(${column}, length(${column}) / 2, 1) when 'x' then 'y' else 'x' end
      from length(${column}) / 2)`;
  if (type.startsWith('timestamp')) return `${column} + interval '1 second'`;
  if (type === 'boolean') return `not ${column}`;
  // A bit that no neighbour's number has, so that it stays unique.
  if (type === 'integer') return `${column} # 64`;
  if (type === 'bigint') return `${column} # 65536`;
  throw new Error(`no way to change a ${type}`);
};

/** The rows of a table in the order of their keys; the middle one is neither the first nor the last where there are more. */
const rowAt = (table: string, key: string, at: 'first' | 'middle' | 'last'): string => {
  const offset = {
    first: '0',
    middle: `(select count(*) / 2 from audit.${table})`,
    last: `(select greatest(count(*) - 1, 0) from audit.${table})`,
  }[at];
  return `ctid = (select ctid from audit.${table} order by ${key} offset ${offset} limit 1)`;
};

const keyOf: Readonly<Record<string, string>> = {
  event: '(select l.idx from audit.leaf l where l.event_id = event.event_id)',
  leaf: 'idx',
  node: 'level, n',
  checkpoint: 'size',
  cosignature: 'size, witness',
  state: 'one',
  publish_state: 'one',
};

const orderOf = (table: string): string => {
  const key = keyOf[table];
  if (key === undefined) throw new Error(`say how the rows of audit.${table} are ordered`);
  return key;
};

/** The value that a verifier comes across in any case: the newest row of what only the newest is read of. */
const usual = (table: string): 'middle' | 'last' =>
  table === 'checkpoint' || table === 'cosignature' ? 'last' : 'middle';

export const changeOf = ({ table, column, type }: TableColumn): Manipulation => ({
  place: `${table}.${column}`,
  what: type === 'bytea' || type === 'text' || type === 'uuid' ? 'one byte changed' : 'changed',
  apply: async ({ sql }) => {
    const { count } = await sql.unsafe(
      `update audit.${table} set ${column} = ${changedValue(column, type)}
       where ${rowAt(table, orderOf(table), usual(table))}`,
    );
    if (count !== 1) throw new Error(`audit.${table} has no row to change`);
  },
});

const run = (place: string, what: string, ...statements: readonly string[]): Manipulation => ({
  place,
  what,
  apply: async ({ sql }) => {
    for (const statement of statements) await sql.unsafe(statement);
  },
});

const deleted = (table: string, at: 'first' | 'middle' | 'last'): Manipulation =>
  run(table, `the ${at} row deleted`, `delete from audit.${table} where ${rowAt(table, orderOf(table), at)}`);

/** Two values in each other's place. */
const swapped = (table: string, columns: string, first: string, second: string): Manipulation =>
  run(
    table,
    `${columns} of two rows swapped`,
    `update audit.${table} a set (${columns}) =
       (select ${columns} from audit.${table} b where b.ctid <> a.ctid and (b.ctid = (${first}) or b.ctid = (${second})))
     where a.ctid = (${first}) or a.ctid = (${second})`,
  );
const ctidAt = (table: string, offset: number): string =>
  `select ctid from audit.${table} order by ${orderOf(table)} offset ${offset} limit 1`;

/** Rows taken away, emptied and mixed up, table by table. */
export const rowManipulations = (tables: readonly string[]): Manipulation[] =>
  tables.flatMap((table) => {
    const isSingle = table === 'state' || table === 'publish_state';
    const swaps: Readonly<Record<string, Manipulation>> = {
      event: swapped('event', 'body', ctidAt('event', 10), ctidAt('event', 11)),
      leaf: swapped('leaf', 'event_id, org_id, leaf_hash', ctidAt('leaf', 10), ctidAt('leaf', 11)),
      node: swapped('node', 'hash', ctidAt('node', 10), ctidAt('node', 11)),
      checkpoint: run(
        'checkpoint',
        'root and note of the newest replaced by those before it',
        `update audit.checkpoint set (root, note) =
           (select root, note from audit.checkpoint order by size desc offset 1 limit 1)
         where size = (select max(size) from audit.checkpoint)`,
      ),
    };
    return [
      ...(isSingle ? [] : (['first', 'middle', 'last'] as const).map((at) => deleted(table, at))),
      ...(swaps[table] === undefined ? [] : [swaps[table]]),
      run(table, 'truncated', `truncate audit.${table}`),
    ];
  });

/** Above the leaves, nobody reads every node: one of each level that a log of this size has. */
export const nodeManipulations = (levels: readonly number[]): Manipulation[] =>
  levels.map((level) =>
    run(
      'node.hash',
      `one byte changed at level ${level}`,
      `update audit.node set hash = ${changedValue('hash', 'bytea')} where level = ${level} and n = 0`,
    ),
  );

/** What takes a log back to a size that it had, in every table. */
const cutTo = (size: string): string[] => [
  `create temp table cut as select (${size})::bigint as size`,
  'delete from audit.cosignature where size > (select size from cut)',
  'delete from audit.checkpoint where size > (select size from cut)',
  'delete from audit.node where (n + 1) << level > (select size from cut)',
  `with gone as (delete from audit.leaf where idx >= (select size from cut) returning event_id)
   delete from audit.event where event_id in (select event_id from gone)`,
  'update audit.state set size = (select size from cut), root = audit.root_of((select size from cut))',
  `update audit.publish_state set next_idx = least(next_idx, (select size from cut)),
     checkpoint_size = least(checkpoint_size, (select size from cut))`,
];

/** The hash of a complete subtree, as SQL; `n` is SQL too. */
const hashAt = (level: number, n: string): string =>
  level === 0
    ? `(select leaf_hash from audit.leaf where idx = ${n})`
    : `(select below.hash from audit.node below where below.level = ${level} and below.n = ${n})`;

/** Recomputes everything above the leaves, so that the tables agree with one another again. */
const recomputed: readonly string[] = [
  "update audit.leaf l set leaf_hash = sha256('\\x00'::bytea || e.body) from audit.event e where e.event_id = l.event_id",
  ...Array.from(
    { length: 20 },
    (_, at) => `update audit.node above set hash = sha256('\\x01'::bytea || ${hashAt(at, 'above.n * 2')} ||
      ${hashAt(at, 'above.n * 2 + 1')}) where above.level = ${at + 1}`,
  ),
  'update audit.state set root = audit.root_of(size)',
  'update audit.checkpoint set root = audit.root_of(size)',
];
const otherBody = `update audit.event set body = convert_to(replace(convert_from(body, 'UTF8'), '"logging":false', '"logging":true'), 'UTF8')
  where ${rowAt('event', orderOf('event'), 'middle')}`;
const newestKept =
  '(select max(size) from audit.checkpoint where size < (select max(size) from audit.checkpoint))';

/** The log as a whole: set back, and written anew so that all tables agree. */
export const logManipulations: readonly Manipulation[] = [
  run('all tables', 'set back to the checkpoint before the newest', ...cutTo(newestKept)),
  run('all tables', 'one event changed, and every hash above it', otherBody, ...recomputed),
  run(
    'all tables',
    'one event changed, every hash above it, and all checkpoints taken away, so that audit signs anew',
    otherBody,
    ...recomputed,
    'delete from audit.cosignature',
    'delete from audit.checkpoint',
  ),
];
