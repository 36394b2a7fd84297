import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { applyMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import { codeOf, marker, Reader, until } from '../contract/reading.contract.js';
import { openEventLogConsumer, openEventLogProducer, type TopicName } from '../index.js';
import { readEventLogMigrations } from '../migrations.js';
import { topicRules } from '../topics.js';
import { openConnection } from './connection.js';
import { type LogRole, type PreparedDatabase, prepareDatabase } from './prepare-database.contract.js';
import { append, deleteExpired, read } from './statements.js';

jest.setTimeout(120_000);

const telemetry: TopicName = 'lethe.insight.telemetry.v1';
const payload: TopicName = 'lethe.insight.payload.v1';
const events: TopicName = 'lethe.audit.events.v1';
const checkpoints: TopicName = 'lethe.audit.checkpoints.v1';

const record = (text: string) => ({ key: Buffer.from('k'), value: Buffer.from(text) });

describe('the database of the event log', () => {
  let server: TestPostgres;
  let database: PreparedDatabase;
  const opened: { close(): Promise<void> }[] = [];
  const connections: postgres.Sql[] = [];

  const as = (role: LogRole): postgres.Sql => {
    const sql = postgres(database.urlOf(role), { max: 1, fetch_types: false });
    connections.push(sql);
    return sql;
  };
  const producing = async () => {
    const producer = await openEventLogProducer({ kind: 'postgres', url: database.urlOf('lethe_audit_log') });
    opened.push(producer);
    return producer;
  };
  const reading = async (topic: TopicName, mark: string, changes: object = {}): Promise<Reader> => {
    const role = topicRules[topic].family === 'insight' ? 'lethe_accounting_log' : 'lethe_ops_log';
    const consumer = await openEventLogConsumer({ kind: 'postgres', url: database.urlOf(role), ...changes });
    opened.push(consumer);
    return Reader.start(consumer, { topic, marker: mark });
  };

  beforeAll(async () => {
    server = await startTestPostgres();
    database = await prepareDatabase(server);
  });
  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()));
    await Promise.all(connections.map((sql) => sql.end({ timeout: 1 })));
    await server?.stop();
  });

  it('is made by the house’s migration runner, under the owner alone', async () => {
    const sql = await server.createDatabase('migrated');
    const options = { owner: 'lethe_owner', migrations: await readEventLogMigrations(), schema: 'event_log' };
    expect(await applyMigrations(sql, options)).toEqual(['0001_event_log']);
    expect(await applyMigrations(sql, options)).toEqual([]);
    const owners = await sql`select distinct pg_get_userbyid(proowner) as owner from pg_proc
      where pronamespace = 'event_log'::regnamespace
      union select distinct tableowner from pg_tables where schemaname = 'event_log'`;
    expect(owners).toEqual([{ owner: 'lethe_owner' }]);
  });

  it('has the rules of the topics that the code has', async () => {
    const rows = await database.sql`select name, family, max_batch_bytes as "maxBatchBytes",
      (extract(epoch from retention) * 1000)::float8 as "retentionMs" from event_log.topic`;
    const expected = Object.entries(topicRules).map(([name, { family, maxBatchBytes, retentionMs }]) => ({
      name,
      family,
      maxBatchBytes,
      retentionMs: retentionMs ?? null,
    }));
    expect([...rows].sort((a, b) => String(a.name).localeCompare(String(b.name)))).toEqual(
      expected.sort((a, b) => a.name.localeCompare(b.name)),
    );
  });

  describe('order', () => {
    it('never lets a reader step over a record that commits late, as a sequence does', async () => {
      const mark = marker();
      const reader = await reading(events, mark, { pollIntervalMs: 20 });
      const [slow, quick] = [as('lethe_audit_log'), as('lethe_audit_log')];
      let commitSlow = (): void => undefined;
      const mayCommit = new Promise<void>((resolve) => {
        commitSlow = resolve;
      });
      let slowAppended = false;
      const slowDone = slow.begin(async (transaction) => {
        await append(transaction as unknown as postgres.Sql, events, [record(`${mark}slow`)]);
        slowAppended = true;
        await mayCommit;
      });
      await until(() => slowAppended);
      let quickDone = false;
      const quickAppend = append(quick, events, [record(`${mark}quick`)]).then(() => {
        quickDone = true;
      });
      // The second waits for the first: it could only be read before it if it were stored by now.
      await until(someoneWaits(database.sql));
      expect(quickDone).toBe(false);
      expect(reader.texts()).toEqual([]);
      commitSlow();
      await slowDone;
      await quickAppend;
      await reader.has(`${mark}quick`);
      expect(reader.texts()).toEqual([`${mark}slow`, `${mark}quick`]);
    });

    it('is needed: with a sequence the same reader skips the record', async () => {
      const { sql } = database;
      await sql`create table public.naive (id bigserial primary key, value text not null)`;
      const [one, other] = await Promise.all([sql.reserve(), sql.reserve()]);
      await one`begin`;
      await one`insert into public.naive (value) values ('slow')`;
      await other`insert into public.naive (value) values ('quick')`;
      const seen: string[] = [];
      let last = 0;
      const look = async (): Promise<void> => {
        for (const row of await sql`select id::int, value from public.naive where id > ${last} order by id`) {
          seen.push(String(row.value));
          last = Number(row.id);
        }
      };
      await look();
      await one`commit`;
      await look();
      expect(seen).toEqual(['quick']);
      one.release();
      other.release();
    });

    it('gives the offsets of a rolled back append to the next one', async () => {
      const sql = as('lethe_audit_log');
      const [before] = await append(sql, events, [record('before')]);
      const failed = sql.begin(async (transaction) => {
        await append(transaction as unknown as postgres.Sql, events, [record('never'), record('never')]);
        throw new Error('rolled back');
      });
      await expect(failed).rejects.toThrow('rolled back');
      const [after] = await append(sql, events, [record('after')]);
      expect((after?.offset ?? 0n) - (before?.offset ?? 0n)).toBe(1n);
    });
  });

  describe('rights', () => {
    const refused = '42501';
    const stateOf = (query: Promise<unknown>): Promise<unknown> =>
      query.then(
        () => 'allowed',
        (error: { code?: string }) => error.code,
      );

    it.each(['lethe_router_log', 'lethe_accounting_log', 'lethe_audit_log', 'lethe_ops_log'] as const)(
      'let %s touch no table and no internal function',
      async (role) => {
        const sql = as(role);
        const attempts = [
          sql`select 1 from event_log.record`,
          sql`select 1 from event_log.topic`,
          sql`insert into event_log.record (topic, record_offset, stored_at, value) values (${events}, 999, now(), '')`,
          sql`delete from event_log.record`,
          sql`update event_log.topic set next_offset = 0`,
          sql`select event_log.append_records('insight', ${telemetry}, '{}', '{}', '{}')`,
          sql`select * from event_log.read_records('insight', ${payload}, 0, 10, 1000)`,
          sql`create table event_log.mine (n int)`,
          sql`create table public.mine (n int)`,
        ];
        for (const attempt of attempts) expect(await stateOf(attempt)).toBe(refused);
      },
    );

    it('let the router append insights and nothing else, least of all read them', async () => {
      const sql = as('lethe_router_log');
      expect(await stateOf(append(sql, payload, [record('x')]))).toBe('allowed');
      expect(await stateOf(read(sql, payload, 0n, 10))).toBe(refused);
      expect(await stateOf(append(sql, events, [record('x')]))).toBe(refused);
      expect(await stateOf(sql`select event_log.append_insight(${events}, '{NULL}', '{x}', '{NULL}')`)).toBe(
        'EL001',
      );
      expect(await stateOf(deleteExpired(sql, 1))).toBe(refused);
    });

    it('keep insights and audit apart', async () => {
      const accounting = as('lethe_accounting_log');
      expect(await stateOf(read(accounting, payload, 0n, 10))).toBe('allowed');
      expect(await stateOf(read(accounting, events, 0n, 10))).toBe(refused);
      expect(await accounting`select * from event_log.read_insight(${events}, 0, 10, 1000)`).toHaveLength(0);
      expect(await stateOf(append(accounting, telemetry, [record('x')]))).toBe(refused);
      const ops = as('lethe_ops_log');
      expect(await stateOf(read(ops, events, 0n, 10))).toBe('allowed');
      expect(await stateOf(append(ops, events, [record('x')]))).toBe(refused);
      expect(await stateOf(read(ops, payload, 0n, 10))).toBe(refused);
    });

    it('leave nothing to everyone, and no function runs as the owner with a search path of the caller', async () => {
      const { sql } = database;
      const careless = () => sql`select proname from pg_proc where pronamespace = 'event_log'::regnamespace
        and (has_function_privilege('public', oid, 'execute')
          or not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false))`;
      expect(await careless()).toHaveLength(0);
      // The control: the same look finds a function made without care.
      await sql`create function event_log.careless() returns int language sql as 'select 1'`;
      expect(await careless()).toEqual([{ proname: 'careless' }]);
      await sql`drop function event_log.careless()`;
    });
  });

  describe('retention', () => {
    const age = (topic: TopicName, interval: string) =>
      database.sql`update event_log.record set stored_at = stored_at - ${interval}::interval where topic = ${topic}`;
    const countOf = async (topic: TopicName): Promise<number> => {
      const [row] =
        await database.sql`select count(*)::int as n from event_log.record where topic = ${topic}`;
      return Number(row?.n);
    };

    it('removes insights past their time, bounded per call, and no audit record ever', async () => {
      const [router, audit, accounting] = [
        as('lethe_router_log'),
        as('lethe_audit_log'),
        as('lethe_accounting_log'),
      ];
      await append(router, telemetry, [record('old')]);
      await append(router, payload, [record('old'), record('old')]);
      await append(audit, events, [record('old')]);
      await append(audit, checkpoints, [record('old')]);
      const kept = { events: await countOf(events), checkpoints: await countOf(checkpoints) };
      await age(telemetry, '6 days');
      await age(payload, '2 hours');
      await age(events, '10 years');
      await age(checkpoints, '10 years');
      const payloads = await countOf(payload);
      expect(await deleteExpired(accounting, 1)).toBe(1);
      expect(await deleteExpired(accounting, 10_000)).toBe(payloads - 1);
      expect(await countOf(payload)).toBe(0);
      expect(await countOf(telemetry)).toBeGreaterThan(0);
      await age(telemetry, '2 days');
      expect(await deleteExpired(accounting, 10_000)).toBeGreaterThan(0);
      expect(await countOf(telemetry)).toBe(0);
      expect({ events: await countOf(events), checkpoints: await countOf(checkpoints) }).toEqual(kept);
      const [next] = await append(router, payload, [record('new')]);
      expect(next?.offset).toBeGreaterThanOrEqual(BigInt(payloads));
    });

    it('is carried out by whoever consumes insights', async () => {
      const mark = marker();
      const router = as('lethe_router_log');
      await append(router, payload, [record(`${mark}0`)]);
      const reader = await reading(payload, mark, { retentionIntervalMs: 50 });
      await reader.has(`${mark}0`);
      expect(await countOf(payload)).toBeGreaterThan(0);
      await age(payload, '2 hours');
      const deadline = performance.now() + 30_000;
      while ((await countOf(payload)) > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await countOf(payload)).toBe(0);
    });
  });

  describe('connections', () => {
    it('bring records that nobody announced', async () => {
      const mark = marker();
      const reader = await reading(events, mark, { pollIntervalMs: 50 });
      await database.sql.begin(async (sql) => {
        await sql`with t as (update event_log.topic set next_offset = next_offset + 1 where name = ${events} returning *)
          insert into event_log.record (topic, record_offset, stored_at, value)
          select name, next_offset - 1, now(), convert_to(${`${mark}unannounced`}, 'UTF8') from t`;
      });
      await reader.has(`${mark}unannounced`);
    });

    it('bring announced records at once, however rarely they look', async () => {
      const mark = marker();
      const reader = await reading(events, mark, { pollIntervalMs: 3_600_000 });
      const producer = await producing();
      await producer.publish(events, [record(`${mark}0`)]);
      await reader.has(`${mark}0`);
    });

    it('that the server ends are replaced, and the next of the group goes on', async () => {
      const mark = marker();
      const producer = await producing();
      const offsets = new Map<number, bigint>();
      const group = { topic: events, marker: mark, group: mark, offsets };
      const readers = await Promise.all(
        [1, 2].map(async () => {
          const config = {
            kind: 'postgres',
            url: database.urlOf('lethe_ops_log'),
            pollIntervalMs: 50,
          } as const;
          const consumer = await openEventLogConsumer(config);
          opened.push(consumer);
          return Reader.start(consumer, group);
        }),
      );
      const seen = (text: string) => () => readers.some((reader) => reader.texts().includes(text));
      await producer.publish(events, [record(`${mark}0`)]);
      await until(seen(`${mark}0`));
      await database.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'lethe-event-log' and usename in ('lethe_ops_log', 'lethe_audit_log')`;
      for (let code = ''; code !== 'it did not reject'; ) {
        code = await codeOf(producer.publish(events, [record(`${mark}1`)]));
      }
      await until(seen(`${mark}1`));
    });

    it('never come back by themselves once they are gone', async () => {
      const { sql, sockets } = openConnection({ url: database.urlOf('lethe_ops_log') });
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
      sockets.cut();
      // The first query finds out, later ones meet the refusal to connect again.
      await expect(sql`select 1 as one`).rejects.toThrow();
      await expect(sql`select 1 as one`).rejects.toThrow();
    });

    it('say nothing of a URL they cannot read', async () => {
      for (const url of [
        '',
        'postgres://user:secret-word@[/x',
        'postgres://user:secret-word@127.0.0.1:1/x',
      ]) {
        const producer = await openEventLogProducer({ kind: 'postgres', url, publishTimeoutMs: 3_000 });
        const error = await producer.publish(events, [record('x')]).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ name: 'EventLogError' });
        expect(String(error) + JSON.stringify(error)).not.toContain('secret-word');
        await producer.close();
      }
    });
  });
});

/** A condition that turns true once some backend waits for a row lock. */
function someoneWaits(sql: postgres.Sql): () => boolean {
  let waiting = false;
  let asking = false;
  return () => {
    if (!asking) {
      asking = true;
      void sql`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`.then(
        ([row]) => {
          waiting = Number(row?.n) > 0;
          asking = false;
        },
      );
    }
    return waiting;
  };
}
