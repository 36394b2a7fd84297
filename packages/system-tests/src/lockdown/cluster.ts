import { applyMigrations, closeDatabase } from '@lethe/postgres-server';
import { startTestPostgres, type TestLogin, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import {
  type DatabaseName,
  databaseNames,
  databaseOf,
  databases,
  migrationsOf,
  type RoleName,
} from './databases.js';

/** All databases of the product in one real Postgres, with logins for the runtime roles and the superuser. */
export interface Cluster {
  readonly server: TestPostgres;
  readonly superuser: Readonly<Record<DatabaseName, postgres.Sql>>;
  /** One connection of its own for a runtime role, in the only database it may enter. */
  connect(role: RoleName, database?: DatabaseName): postgres.Sql;
  stop(): Promise<void>;
}

/** Owner, schema, migrations, logins and rights as a start of Lethe prepares them. */
export const startCluster = async (): Promise<Cluster> => {
  const server = await startTestPostgres();
  const superuser = {} as Record<DatabaseName, postgres.Sql>;
  const logins = new Map<RoleName, TestLogin>();
  for (const name of databaseNames) {
    const sql = await server.createDatabase(name);
    superuser[name] = sql;
    const { schema, roles } = databases[name];
    await applyMigrations(sql, { owner: 'lethe_owner', schema, migrations: await migrationsOf(name) });
    await closeDatabase(sql);
    for (const role of roles) {
      logins.set(role, await server.login(role));
      await sql`grant connect on database ${sql(name)} to ${sql(role)}`;
    }
  }
  return {
    server,
    superuser,
    connect: (role, database = databaseOf(role)) => {
      const login = logins.get(role);
      if (login === undefined) throw new Error('no login');
      return postgres({
        ...login.connection(database),
        max: 1,
        fetch_types: false,
        onnotice: () => undefined,
      });
    },
    stop: () => server.stop(),
  };
};

/** 'done', 'nothing' (no row read or touched) or the SQLSTATE of the refusal. */
export const outcomeOf = async (run: PromiseLike<unknown>): Promise<string> => {
  try {
    const result = await run;
    return countOf(result) === 0 ? 'nothing' : 'done';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
};

const counted = /^(?:SELECT|UPDATE|DELETE|MERGE)$/;

const countOf = (result: unknown): number | undefined => {
  if (!Array.isArray(result)) return undefined;
  const { command, count } = result as unknown as { command?: unknown; count?: unknown };
  return typeof command === 'string' && counted.test(command) && typeof count === 'number'
    ? count
    : undefined;
};
