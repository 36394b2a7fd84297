import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, uuidV7TimeMs } from '@lethe/contracts';
import { getTableColumns, getTableName } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import postgres from 'postgres';
import {
  type AccountingDatabase,
  readAccountingMigrations,
  runtimeRoles,
  startAccountingDatabase,
} from '../testing/accounting-database.contract.js';
import { sampleTelemetry } from '../testing/samples.contract.js';
import { sqlStateOfFailure } from '../testing/sql-errors.contract.js';
import * as schema from './schema.js';
import { insertTelemetryStatement, telemetryRowsJson } from './telemetry-columns.js';

const roles = Object.values(runtimeRoles);
let db: AccountingDatabase;
const pools = new Map<string, postgres.Sql>();
const as = (role: keyof typeof runtimeRoles): postgres.Sql => pools.get(role) as postgres.Sql;

beforeAll(async () => {
  db = await startAccountingDatabase();
  for (const [role, url] of Object.entries(db.urls)) pools.set(role, postgres(url, { max: 1 }));
}, 60_000);
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.end({ timeout: 1 })));
  await db?.stop();
});

describe('roles', () => {
  it('own nothing, and have no power beyond their grants', async () => {
    const owned = await db.sql`
      select 1 from pg_shdepend d join pg_roles r on r.oid = d.refobjid
      where d.deptype = 'o' and r.rolname = any(${roles})`;
    expect(owned).toHaveLength(0);
    const strong = await db.sql`
      select rolname from pg_roles
      where rolname = any(${[...roles, 'lethe_owner']}) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`;
    expect(strong).toEqual([]);
  });

  it('leave no function to PUBLIC', async () => {
    const open = await db.sql`
      select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('usage', 'ingest', 'payload', 'outbox') and has_function_privilege('public', p.oid, 'execute')`;
    expect(open).toEqual([]);
  });

  it('pin the search path of every function that runs with its owner’s rights', async () => {
    const loose = await db.sql`
      select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('usage', 'ingest', 'payload', 'outbox') and p.prosecdef
        and not coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false)`;
    expect(loose).toEqual([]);
  });
});

describe('each role', () => {
  it('the telemetry role has no privilege at all in schema payload', async () => {
    const telemetry = as('telemetry');
    const attempts = [
      'select 1 from payload.item',
      'select 1 from payload.readable',
      'insert into payload.item default values',
      'delete from payload.item',
      `select payload.check_gate('${newUuidV7()}')`,
      `select payload.next_offset('a', 0)`,
    ];
    for (const attempt of attempts)
      expect([attempt, await sqlStateOfFailure(telemetry.unsafe(attempt))]).toEqual([attempt, '42501']);
    const granted = await db.sql`
      select 1 from pg_namespace where nspname = 'payload' and
        (has_schema_privilege('lethe_telemetry_w', oid, 'usage') or has_schema_privilege('lethe_telemetry_w', oid, 'create'))`;
    expect(granted).toHaveLength(0);
    // The same question about the role that may, so that the check is known to find a privilege.
    expect(await sqlStateOfFailure(as('payload')`select payload.next_offset('a', 0)`)).toBeUndefined();
  });

  it('the payload role reaches payload through functions only', async () => {
    const payload = as('payload');
    for (const attempt of [
      'select 1 from payload.item',
      'insert into payload.item default values',
      'select 1 from payload.readable',
      'select 1 from ingest.transit_key',
      'select 1 from usage.event',
      'update ingest.org_gate set sealed = true',
      `select ingest.seal_org('${newUuidV7()}', 1)`,
    ])
      expect([attempt, await sqlStateOfFailure(payload.unsafe(attempt))]).toEqual([attempt, '42501']);
  });

  it('the reader writes nothing and reads payload through the view only', async () => {
    const read = as('read');
    for (const attempt of [
      'select 1 from payload.item',
      'select 1 from ingest.transit_key',
      'select logging from ingest.api_key_copy',
      'select hmac from usage.ingest_reject',
      'delete from usage.event',
      `select ingest.open_org('${newUuidV7()}')`,
    ])
      expect([attempt, await sqlStateOfFailure(read.unsafe(attempt))]).toEqual([attempt, '42501']);
    expect(await read`select 1 from payload.readable`).toHaveLength(0);
  });

  it('the control role touches gates and keys through functions only', async () => {
    for (const attempt of [
      'update ingest.org_gate set sealed = false',
      'select 1 from ingest.transit_key',
      'insert into ingest.api_key_copy default values',
      'select 1 from payload.item',
      'select 1 from usage.event',
    ])
      expect([attempt, await sqlStateOfFailure(as('control').unsafe(attempt))]).toEqual([attempt, '42501']);
  });
});

describe('migrations', () => {
  it('contain no statement that unseals an organization', async () => {
    const text = (await readAccountingMigrations()).map(({ sql }) => sql).join('\n');
    expect(text).toMatch(/sealed = true/);
    expect(text.match(/sealed\s*=\s*false/g)).toBeNull();
  });

  it('put row-level security under FORCE on what tenants read', async () => {
    const rows = await db.sql`
      select c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity as forced
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and (n.nspname, c.relname) in (('payload', 'item')) or c.relname like 'event%' and n.nspname = 'usage' and c.relkind in ('r', 'p')`;
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(rows.filter((row) => row.forced !== true)).toEqual([]);
  });

  it('keep wrapped private halves out of the write-ahead log', async () => {
    const [row] =
      await db.sql`select relpersistence from pg_class where oid = 'ingest.transit_key'::regclass`;
    expect(row?.relpersistence).toBe('u');
  });

  it('agree with the schema the code reads by', async () => {
    const tables: PgTable[] = Object.values(schema);
    expect(tables.length).toBeGreaterThanOrEqual(7);
    for (const table of tables) {
      const name = `${getTableConfig(table).schema}.${getTableName(table)}`;
      // A domain counts as the type it bounds.
      const columns = await db.sql<{ name: string; required: boolean; type: string }[]>`
        select a.attname as name, a.attnotnull as required,
          format_type(coalesce(nullif(base.typbasetype, 0), base.oid), null) || case when t.typcategory = 'A' then '[]' else '' end as type
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        join pg_type base on base.oid = case when t.typcategory = 'A' then t.typelem else t.oid end
        where a.attrelid = ${name}::regclass and a.attnum > 0`;
      for (const column of Object.values(getTableColumns(table))) {
        const actual = columns.find((each) => each.name === column.name);
        expect([name, column.name, actual?.type, actual?.required]).toEqual([
          name,
          column.name,
          column.getSQLType(),
          column.notNull,
        ]);
      }
    }
  });
});

describe('partitions', () => {
  const partitionOf = async (id: string) =>
    (await db.sql`select tableoid::regclass::text as name from usage.event where insight_id = ${id}`)[0]
      ?.name;
  const insert = (...times: Date[]) => {
    const rows = times.map((time) => sampleTelemetry({ insightId: newUuidV7(time.getTime()) }));
    return db.sql
      .unsafe(insertTelemetryStatement, [telemetryRowsJson(rows)])
      .then(() => rows.map((row) => row.insightId));
  };

  it('take a row by the time its id carries', async () => {
    const now = new Date();
    const [id] = await insert(now);
    const month = `${now.getUTCFullYear()}_${String(now.getUTCMonth() + 1).padStart(2, '0')}`;
    expect(uuidV7TimeMs(id as never)).toBe(now.getTime());
    expect(await partitionOf(id as string)).toBe(`usage.event_${month}`);
  });

  it('are made later without losing what the default partition caught', async () => {
    const ids = await insert(
      new Date('2031-04-01T00:00:00.000Z'),
      new Date('2031-04-30T23:59:59.999Z'),
      new Date('2031-05-01T00:00:00.000Z'),
    );
    for (const id of ids) expect(await partitionOf(id)).toBe('usage.event_default');
    await db.sql`select usage.create_month('2031-04-17')`;
    const names = await Promise.all(ids.map(partitionOf));
    expect(names).toEqual(['usage.event_2031_04', 'usage.event_2031_04', 'usage.event_default']);
    expect(await db.sql`select usage.create_month('2031-04-17') as made`).toEqual([{ made: false }]);
  });

  it('are made ahead by the control role', async () => {
    const [row] = await as('control')`select usage.create_months_ahead(4) as made`;
    expect(row?.made).toBe(2);
  });
});
