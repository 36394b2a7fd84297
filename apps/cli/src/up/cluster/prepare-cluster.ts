import { applyMigrations, closeDatabase, type Migration } from '@lethe/postgres-server';
import type postgres from 'postgres';
import { scramVerifier } from './scram-verifier.js';

/** One database, the roles that may connect to it, and where its schema comes from. */
export interface Database {
  readonly name: string;
  /** First on the search path of its migrations. */
  readonly schema: string;
  readonly roles: readonly string[];
  migrations(): Promise<readonly Migration[]>;
}

export interface ClusterOptions {
  readonly databases: readonly Database[];
  /** Opens a connection as a superuser, uses it and closes it. */
  readonly withDatabase: <T>(database: string, use: (sql: postgres.Sql) => Promise<T>) => Promise<T>;
  readonly passwordOf: (role: string) => string;
}

/** What was done of what was to be done. */
export interface Prepared {
  readonly databasesMade: number;
  readonly migrationsApplied: number;
  readonly passwordsSet: number;
}

const owner = 'lethe_owner';
/** Every cluster has them, and lets everybody in: there a role could write what its own database refuses. */
const databasesOfPostgres = ['postgres', 'template1'];

const createMissing = async (sql: postgres.Sql, databases: readonly Database[]): Promise<number> => {
  const there = new Set((await sql`select datname from pg_database`).map((row) => String(row.datname)));
  const missing = databases.filter(({ name }) => !there.has(name));
  for (const { name } of missing) await sql`create database ${sql(name)}`;
  return missing.length;
};

const migrate = async ({ databases, withDatabase }: ClusterOptions): Promise<number> => {
  const migrated = await Promise.allSettled(
    databases.map(async ({ name, schema, migrations }) => {
      const steps = await migrations();
      return await withDatabase(name, async (sql) => {
        const applied = await applyMigrations(sql, { owner, schema, migrations: steps });
        await closeDatabase(sql);
        return applied.length;
      });
    }),
  );
  // All have ended: a connection that still works when its server stops would crash the process.
  let applied = 0;
  for (const result of migrated) {
    if (result.status === 'rejected') throw result.reason;
    applied += result.value;
  }
  return applied;
};

/** Whether a stored verifier is of this password: then it stays, and who is connected notices nothing. */
const isVerifierOf = (stored: string, password: string): boolean => {
  const salt = /^SCRAM-SHA-256\$\d+:([A-Za-z0-9+/=]+)\$/.exec(stored)?.[1];
  return salt !== undefined && scramVerifier(password, Buffer.from(salt, 'base64')) === stored;
};

/** Each role may enter its own database only. */
const giveLogins = async (sql: postgres.Sql, { databases, passwordOf }: ClusterOptions): Promise<number> => {
  const rows = await sql`select rolname, rolpassword from pg_authid where rolcanlogin`;
  const verifiers = new Map(rows.map((row) => [String(row.rolname), String(row.rolpassword)]));
  let set = 0;
  for (const { name, roles } of databases) {
    for (const role of roles) {
      const password = passwordOf(role);
      if (!isVerifierOf(verifiers.get(role) ?? '', password)) {
        await sql.unsafe(`alter role ${role} with login password '${scramVerifier(password)}'`);
        set += 1;
      }
      await sql`grant connect on database ${sql(name)} to ${sql(role)}`;
    }
  }
  return set;
};

/**
 * Creates the databases that are missing, applies the migrations that are missing, closes every database to all but its
 * own roles, and lets these log in with their passwords. One at a time: see `exclusively`. Rejects with
 * PostgresServerError for a migration that fails.
 */
export const prepareCluster = async (options: ClusterOptions): Promise<Prepared> => {
  const { databases, withDatabase } = options;
  const databasesMade = await withDatabase('postgres', (sql) => createMissing(sql, databases));
  for (const name of databasesOfPostgres) await withDatabase(name, closeDatabase);
  const migrationsApplied = await migrate(options);
  const passwordsSet = await withDatabase('postgres', (sql) => giveLogins(sql, options));
  return { databasesMade, migrationsApplied, passwordsSet };
};
