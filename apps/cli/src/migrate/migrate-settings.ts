import { z } from 'zod';
import { roots } from '../serve/settings/checks.js';
import { postgresServer, postgresSuperuser } from '../serve/settings/common.js';
import { setting } from '../serve/settings/fields.js';
import { jsonFile } from '../serve/settings/file-fields.js';
import { databases } from '../up/cluster/databases.js';

const roleNames = databases.flatMap(({ roles }): readonly string[] => roles);
const password = z.string().regex(/^[\x21-\x7e]{16,200}$/);

/** Databases whose roles have no password here are left out: with Kafka and S3, Postgres holds neither's. */
const passwords = z.partialRecord(z.enum(roleNames as [string, ...string[]]), password);

/** What `lethe migrate` reads from the environment. */
export const migrateSettings = z.object({
  ...postgresServer,
  ...postgresSuperuser,
  LETHE_POSTGRES_PASSWORDS_FILE: setting(
    jsonFile(passwords, 'a JSON object from roles of Lethe to passwords of 16 to 200 printable characters'),
    {
      what: `A JSON object with the password (16 to 200 printable characters) of each role that is to log in. A database is made when all of its roles are named: ${databases.map(({ name, roles }) => `${name} (${roles.map((role) => `\`${role}\``).join(', ')})`).join('; ')}. The first three must be.`,
      form: 'path of a JSON file',
      secret: true,
    },
  ),
});
export type MigrateSettings = z.infer<typeof migrateSettings>;

const needed: readonly string[] = ['config', 'accounting', 'audit'];

export const migrateSpec = {
  schema: migrateSettings,
  checks: [
    roots('LETHE_POSTGRES_CA_FILE'),
    (given: Readonly<Record<string, unknown>>) => {
      const named = given.LETHE_POSTGRES_PASSWORDS_FILE as Readonly<Record<string, string>> | undefined;
      if (named === undefined) return [];
      const missing = databases.flatMap(({ name, roles }) => {
        const without = roles.filter((role) => named[role] === undefined);
        return needed.includes(name) || without.length < roles.length ? without : [];
      });
      if (missing.length === 0) return [];
      const words = `names a file without ${missing.join(', ')}`;
      return [{ name: 'LETHE_POSTGRES_PASSWORDS_FILE', words, code: 'contradictory' as const }];
    },
  ],
};

/** The databases that are to be made. */
export const wantedDatabases = (given: MigrateSettings) =>
  databases.filter(({ roles }) =>
    roles.every((role) => given.LETHE_POSTGRES_PASSWORDS_FILE[role] !== undefined),
  );
