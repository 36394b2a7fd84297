import type { EventLogConfig } from '@lethe/event-log';
import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { applyMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';

export interface TopicRecord {
  readonly key: string;
  readonly value: Buffer;
}

/** An event log in a Postgres of its own, so that it can be killed while the log's database is up. */
export interface AuditTopics {
  readonly server: TestPostgres;
  readonly config: EventLogConfig;
  /** Every record of a topic, in its order. */
  records(topic: 'lethe.audit.events.v1' | 'lethe.audit.checkpoints.v1'): Promise<TopicRecord[]>;
  stop(): Promise<void>;
}

export const startAuditTopics = async (): Promise<AuditTopics> => {
  const server = await startTestPostgres();
  const sql = await server.createDatabase('event_log');
  await applyMigrations(sql, {
    owner: 'lethe_owner',
    schema: 'public',
    migrations: await readEventLogMigrations(),
  });
  const login = await server.login('lethe_audit_log');
  return {
    server,
    config: { kind: 'postgres', url: login.url('event_log'), publishTimeoutMs: 2000 },
    records: async (topic) => {
      const rows = await sql<{ key: Buffer | null; value: Buffer }[]>`
        select key, value from event_log.record where topic = ${topic} order by record_offset`;
      return rows.map(({ key, value }) => ({ key: key?.toString() ?? '', value }));
    },
    stop: () => server.stop(),
  };
};
