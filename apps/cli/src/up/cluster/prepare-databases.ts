import { randomBytes } from 'node:crypto';
import type { Login, PostgresConnection } from '@lethe/postgres-server';
import postgres from 'postgres';
import { databases, type RoleName } from './databases.js';
import { prepareCluster } from './prepare-cluster.js';

/** How the runtime roles log in during this run. */
export type RoleLogins = Readonly<Record<RoleName, Login>>;

type Connect = (login: Login) => PostgresConnection;

/** A password for each role that is new at each start. */
const newLogins = (): RoleLogins => {
  const logins = {} as Record<RoleName, Login>;
  for (const { name, roles } of databases)
    for (const role of roles)
      logins[role] = { user: role, password: randomBytes(32).toString('base64url'), database: name };
  return logins;
};

/**
 * Creates the databases that are missing, applies the migrations that are missing and gives the runtime roles their
 * logins. Throws PostgresServerError for a migration that fails.
 */
export const prepareDatabases = async (connect: Connect, superuserPassword: string): Promise<RoleLogins> => {
  const logins = newLogins();
  await prepareCluster({
    databases,
    passwordOf: (role) => logins[role as RoleName].password,
    withDatabase: async (database, use) => {
      const login = { user: 'postgres', password: superuserPassword, database };
      const sql = postgres({ ...connect(login), max: 1, fetch_types: false, onnotice: () => undefined });
      try {
        return await use(sql);
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
  });
  return logins;
};
