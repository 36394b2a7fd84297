import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { checkpoint, cosignature, event, leaf, node, publishState, state } from './schema.js';

jest.setTimeout(60_000);

let database: TestAuditDatabase;
beforeAll(async () => {
  database = await startAuditDatabase();
});
afterAll(() => database.stop());

it('declares the tables as they were migrated', async () => {
  const migrated = await database.superuser<{ column: string; type: string; nullable: boolean }[]>`
    select table_name || '.' || column_name as column, data_type as type, is_nullable = 'YES' as nullable
    from information_schema.columns
    where table_schema = 'audit' and table_name <> 'lethe_migrations' order by 1`;
  const declared = [checkpoint, cosignature, event, leaf, node, publishState, state]
    .map((table) => getTableConfig(table))
    .flatMap(({ name, columns }) =>
      columns.map((column) => ({
        column: `${name}.${column.name}`,
        type: column.getSQLType(),
        nullable: !(column.notNull || column.primary),
      })),
    );
  expect(declared.sort((a, b) => (a.column < b.column ? -1 : 1))).toEqual([...migrated]);
});
