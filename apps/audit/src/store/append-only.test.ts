import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import postgres from 'postgres';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { startTestLog, type TestLog } from '../testing/running-log.contract.js';

jest.setTimeout(60_000);

let database: TestAuditDatabase;
let role: postgres.Sql;
let log: TestLog;

const sqlStateOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

beforeAll(async () => {
  database = await startAuditDatabase();
  role = postgres(database.url, { max: 2, onnotice: () => {} });
  log = await startTestLog({ url: database.url });
  for (let i = 0; i < 3; i++) await log.append();
  await role`select audit.put_cosignature(3, 'witness.test', 'a line'), audit.mark_checkpoint_published(3)`;
});
afterAll(async () => {
  await role.end();
  await log.stop();
  await database.stop();
});

const statements: readonly string[] = [
  "update audit.event set body = '{}'",
  'update audit.event set org_id = gen_random_uuid()',
  'delete from audit.event',
  'truncate audit.event cascade',
  'update audit.leaf set idx = idx + 100',
  'delete from audit.leaf',
  'truncate audit.leaf',
  'update audit.node set n = n + 100',
  'delete from audit.node',
  'truncate audit.node',
  "update audit.checkpoint set note = ''",
  'delete from audit.checkpoint',
  'truncate audit.checkpoint cascade',
  "update audit.cosignature set line = ''",
  'delete from audit.cosignature',
  'truncate audit.cosignature',
  'update audit.state set size = 0',
  "update audit.state set root = sha256('another')",
  'update audit.publish_state set checkpoint_size = -1',
  'delete from audit.state',
  'truncate audit.state',
  'update audit.publish_state set next_idx = -1',
  'delete from audit.publish_state',
  'truncate audit.publish_state',
];

describe('the role of the service', () => {
  it('owns nothing and can only append by the function', async () => {
    const owned = await database.superuser`
      select 1 from pg_class where relowner = 'lethe_audit_append'::regrole
      union all select 1 from pg_proc where proowner = 'lethe_audit_append'::regrole`;
    expect(owned).toHaveLength(0);
    const grants = await database.superuser<{ name: string }[]>`
      select distinct privilege_type as name from information_schema.role_table_grants
      where grantee = 'lethe_audit_append'`;
    expect(grants.map(({ name }) => name)).toEqual(['SELECT']);
    expect((await log.append()).index).toBe(3);
  });

  it.each([
    ...statements,
    "insert into audit.node values (1, 99, sha256(''))",
    "insert into audit.checkpoint values (99, sha256(''), 'note')",
    "insert into audit.cosignature values (3, 'another', 'line')",
    "insert into audit.leaf (idx, event_id, leaf_hash) values (99, gen_random_uuid(), sha256(''))",
    "insert into audit.event (event_id, body) values (gen_random_uuid(), '{}')",
    'alter table audit.event disable trigger all',
    'alter table audit.event no force row level security',
    'drop trigger event_is_kept on audit.event',
    'drop table audit.leaf',
    "create function audit.mine() returns void language sql as ''",
    'set session_replication_role = replica',
    'set role lethe_owner',
  ])('is refused: %s', async (statement) => {
    expect(await sqlStateOf(role.unsafe(statement))).toBe('42501');
  });

  it('appends by index however small the tables were when it began', async () => {
    const settings = await database.superuser<{ name: string; config: string[] | null }[]>`
      select proname as name, proconfig as config from pg_proc
      where proname in ('append_batch', 'node_hashes', 'run_of_hashes') order by 1`;
    expect(settings).toHaveLength(3);
    for (const { config } of settings)
      expect(config).toEqual(
        expect.arrayContaining(['enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off']),
      );
  });

  it('cannot move the cursor of what is published beyond the log, nor back', async () => {
    await role`select audit.mark_published(2)`;
    expect(await sqlStateOf(role`select audit.mark_published(99)`)).toBe('AUD06');
    await role`select audit.mark_published(1)`;
    expect(await role`select next_idx::int as next from audit.publish_state`).toEqual([{ next: 2 }]);
  });
});

describe('the triggers', () => {
  const refusals = new Set(['AUD01', 'AUD02', 'AUD03']);

  it.each(statements)('refuse even a superuser: %s', async (statement) => {
    expect(refusals).toContain(await sqlStateOf(database.superuser.unsafe(statement)));
  });

  it.each(statements)('hold under session_replication_role = replica: %s', async (statement) => {
    const work = database.superuser.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      await transaction.unsafe(statement);
    });
    expect(refusals).toContain(await sqlStateOf(work));
  });

  it('are what refuses: without "always" the same statement passes', async () => {
    const changed = await sqlStateOf(
      database.superuser.begin(async (transaction) => {
        await transaction`alter table audit.event enable trigger event_is_kept`;
        await transaction`set local session_replication_role = replica`;
        const rows = await transaction`update audit.event set body = '{}' returning 1`;
        expect(rows.length).toBeGreaterThan(0);
        throw Object.assign(new Error('roll back'), { code: 'ROLLED_BACK' });
      }),
    );
    expect(changed).toBe('ROLLED_BACK');
  });
});
