import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import { type Canary, canary } from './canary.js';
import { encodedForms } from './needles.js';
import { Searcher } from './searcher.js';
import { type SuperuserLogin, scanDatabases } from './sinks/databases.js';

const columns = ['text', 'bytea', 'jsonb', 'text[]', 'varchar(4000)', 'long text'] as const;

describe('scanDatabases', () => {
  let server: TestPostgres;
  let login: SuperuserLogin;
  const canaries: Canary[] = columns.map((name) => canary(name));
  const inBytes = canary('every encoding');
  beforeAll(async () => {
    server = await startTestPostgres();
    const password = /^postgres:\/\/postgres:([0-9a-f]+)@/.exec(server.superuserUrl)?.[1] ?? '';
    login = server.connection({ user: 'postgres', password, database: 'postgres' });
    const sql = await server.createDatabase('shop');
    await sql.unsafe(`create schema attic;
      create table attic.kept (a text, b bytea, c jsonb, d text[], e varchar(4000), f text);
      create table attic.forms (bytes bytea);
      alter table attic.kept enable row level security; alter table attic.kept force row level security;
      create table attic.parts (n int) partition by range (n); create table attic.part partition of attic.parts default;`);
    const [a, b, c, d, e, f] = canaries.map(({ text }) => text) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    await sql`insert into attic.kept values (${a}, ${Buffer.from(b)}, ${JSON.stringify({ x: { y: c } })}::jsonb,
      ${sql.array([d])}, ${e}, ${`${'lorem ipsum '.repeat(50_000)}${f}`})`;
    for (const { bytes } of encodedForms(inBytes)) await sql`insert into attic.forms values (${bytes})`;
  });
  afterAll(() => server.stop());

  it('finds a canary in every kind of column and every encoding, past row-level security', async () => {
    const { tables, findings } = await scanDatabases(new Searcher([...canaries, inBytes]), login);
    expect(tables).toEqual(
      expect.arrayContaining(['shop.attic.kept', 'shop.attic.part', 'postgres.pg_catalog.pg_statistic']),
    );
    const places = new Set(findings.map(({ sink, place }) => `${sink} ${place}`));
    for (const name of columns) expect(places).toContain(`shop.attic.kept ${name}`);
    expect(places).toContain('shop.attic.forms every encoding');
  });

  it('finds nothing that is not there', async () => {
    expect((await scanDatabases(new Searcher([canary('unplanted')]), login)).findings).toEqual([]);
  });
});
