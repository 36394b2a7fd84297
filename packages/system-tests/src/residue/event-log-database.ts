import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { applyMigrations } from '@lethe/postgres-server';
import { startTestPostgres } from '@lethe/test-servers';

/** A real event log in Postgres; `url` is what a router may write to. */
export const startEventLogDatabase = async (): Promise<{
  readonly url: string;
  stop(): Promise<void>;
}> => {
  const server = await startTestPostgres();
  const sql = await server.createDatabase('event_log');
  await applyMigrations(sql, {
    owner: 'lethe_owner',
    schema: 'public',
    migrations: await readEventLogMigrations(),
  });
  const login = await server.login('lethe_router_log');
  return { url: login.url('event_log'), stop: () => server.stop() };
};
