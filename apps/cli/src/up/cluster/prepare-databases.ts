import { randomBytes } from 'node:crypto';
import { applyMigrations, closeDatabase, type Login, type PostgresConnection } from '@lethe/postgres-server';
import postgres from 'postgres';
import { databases, type RoleName } from './databases.js';
import { scramVerifier } from './scram-verifier.js';

/** How the runtime roles log in during this run. */
export type RoleLogins = Readonly<Record<RoleName, Login>>;

type Connect = (login: Login) => PostgresConnection;

const owner = 'lethe_owner';

const withDatabase = async <T>(
  connection: PostgresConnection,
  use: (sql: postgres.Sql) => Promise<T>,
): Promise<T> => {
  const sql = postgres({ ...connection, max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
};

const createMissing = async (sql: postgres.Sql): Promise<void> => {
  const there = new Set((await sql`select datname from pg_database`).map((row) => String(row.datname)));
  for (const { name } of databases) {
    if (!there.has(name)) await sql`create database ${sql(name)}`;
  }
};

/** Each role may enter its own database only, with a password that is new at each start. */
const giveLogins = async (sql: postgres.Sql): Promise<RoleLogins> => {
  const logins = {} as Record<RoleName, Login>;
  for (const { name, roles } of databases) {
    for (const role of roles) {
      const password = randomBytes(32).toString('base64url');
      await sql.unsafe(`alter role ${role} with login password '${scramVerifier(password)}'`);
      await sql`grant connect on database ${sql(name)} to ${sql(role)}`;
      logins[role] = { user: role, password, database: name };
    }
  }
  return logins;
};

/**
 * Creates the databases that are missing, applies the migrations that are missing and gives the runtime roles their
 * logins. Throws PostgresServerError for a migration that fails.
 */
export const prepareDatabases = async (connect: Connect, superuserPassword: string): Promise<RoleLogins> => {
  const superuser = (database: string): PostgresConnection =>
    connect({ user: 'postgres', password: superuserPassword, database });
  await withDatabase(superuser('postgres'), createMissing);
  const migrated = await Promise.allSettled(
    databases.map(async ({ name, schema, migrations }) => {
      const steps = await migrations();
      await withDatabase(superuser(name), async (sql) => {
        await applyMigrations(sql, { owner, schema, migrations: steps });
        await closeDatabase(sql);
      });
    }),
  );
  // All have ended: a connection that still works when its server stops would crash the process.
  for (const result of migrated) if (result.status === 'rejected') throw result.reason;
  return await withDatabase(superuser('postgres'), giveLogins);
};
