import type { PostgresLogConfig } from '@lethe/event-log';
import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';

export interface PublishedEvent {
  readonly key: string;
  readonly id: string;
  readonly headers: string;
}

/** An event log on a real server of its own, so that it can be down while the audit database is up. */
export interface TestAuditLog {
  readonly server: TestPostgres;
  readonly config: PostgresLogConfig;
  /** What the topic of audit events holds, in its order. */
  published(): Promise<PublishedEvent[]>;
  /** What the topic of checkpoints holds, in its order. */
  checkpoints(): Promise<{ readonly key: string; readonly value: string }[]>;
  stop(): Promise<void>;
}

export const startAuditLog = async (): Promise<TestAuditLog> => {
  const server = await startTestPostgres();
  const superuser = await server.createDatabase('event_log');
  for (const { sql } of await readEventLogMigrations())
    await superuser.begin((transaction) => transaction.unsafe(sql));
  const login = await server.login('lethe_audit_log');
  return {
    server,
    config: { kind: 'postgres', url: login.url('event_log'), publishTimeoutMs: 2000 },
    published: async () => [
      ...(await superuser<PublishedEvent[]>`
        select convert_from(key, 'UTF8') as key, convert_from(value, 'UTF8')::jsonb->>'id' as id,
          convert_from(headers, 'UTF8') as headers
        from event_log.record where topic = 'lethe.audit.events.v1' order by record_offset`),
    ],
    checkpoints: async () => [
      ...(await superuser<{ key: string; value: string }[]>`
        select convert_from(key, 'UTF8') as key, convert_from(value, 'UTF8') as value
        from event_log.record where topic = 'lethe.audit.checkpoints.v1' order by record_offset`),
    ],
    stop: () => server.stop(),
  };
};
