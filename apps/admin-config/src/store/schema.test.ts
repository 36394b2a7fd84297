import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { startWorld, type World } from '../testing/world.contract.js';
import * as schema from './schema.js';

const sqlTypes: Readonly<Record<string, string>> = {
  'timestamp with time zone': 'timestamp with time zone',
};

/** Columns as `table.column type nullability`. */
const declaredColumns = (): string[] =>
  Object.values(schema)
    .filter((value) => is(value, PgTable))
    .flatMap((table) => {
      const { name, columns } = getTableConfig(table);
      return columns.map((column) => {
        const type = sqlTypes[column.getSQLType()] ?? column.getSQLType();
        return `${name}.${column.name} ${type} ${column.notNull || column.primary ? 'not null' : 'null'}`;
      });
    })
    .sort();

describe('the drizzle schema', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  const migratedColumns = async (): Promise<string[]> => {
    const rows = await world.superuser`
      select table_name, column_name, data_type, is_nullable from information_schema.columns
      where table_schema = 'config' and table_name <> 'lethe_migrations'`;
    return rows
      .map(
        (row) =>
          `${row.table_name}.${row.column_name} ${row.data_type} ${row.is_nullable === 'NO' ? 'not null' : 'null'}`,
      )
      .sort();
  };

  it('is what the migrations make', async () => {
    expect(await migratedColumns()).toEqual(declaredColumns());
  });

  it('would notice a column that only one of them has', async () => {
    await world.superuser`alter table config.app_user add column extra integer`;
    expect(await migratedColumns()).not.toEqual(declaredColumns());
  });
});
