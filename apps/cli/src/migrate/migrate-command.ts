import { PostgresServerError } from '@lethe/postgres-server';
import type { Command } from '../command.js';
import { readSettings } from '../serve/settings/read-settings.js';
import { readArguments } from '../terminal/arguments.js';
import { errorCode } from '../terminal/error-code.js';
import { print, remark } from '../terminal/print.js';
import { Problem, usageProblem } from '../terminal/problem.js';
import { type Prepared, prepareCluster } from '../up/cluster/prepare-cluster.js';
import { postgresProblem } from '../up/services/supervised-postgres.js';
import { type MigrateSettings, migrateSpec, wantedDatabases } from './migrate-settings.js';
import { type Superuser, superuserOf, untilServer } from './superuser.js';

const help = `lethe migrate: make the databases of a deployment, or bring them up to date

Usage: lethe migrate [--wait <seconds>]

Makes the databases that are missing, applies the migrations that are missing, closes each database to everybody but
its own roles, and gives these roles their passwords, as SCRAM verifiers: the server never hears a password. Safe to
run at any time and by two at once: the second waits. What is there is not changed; a password that has changed in its
file is. Run it before services of a new version are started.

  --wait <seconds>   How long to wait for the server. Default 120.

Settings (docs/settings.md explains each; the server is reached over TLS and must prove its name):
  LETHE_POSTGRES_HOST, LETHE_POSTGRES_PORT, LETHE_POSTGRES_CA_FILE
  LETHE_POSTGRES_SUPERUSER, LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE
  LETHE_POSTGRES_PASSWORDS_FILE`;

/** One run at a time in a cluster: a lock of the database postgres, which goes with its connection. */
const lockKey = 7_305_538_405;

const exclusively = <T>(superuser: Superuser, work: () => Promise<T>): Promise<T> =>
  superuser.withDatabase('postgres', async (sql) => {
    const [row] = await sql`select pg_try_advisory_lock(${lockKey}) as mine`;
    if (row?.mine !== true) {
      remark('Another migration runs: waiting for its end …');
      await sql`select pg_advisory_lock(${lockKey})`;
    }
    return await work();
  });

const migrate = async (given: MigrateSettings, superuser: Superuser): Promise<Prepared> => {
  const passwords: Readonly<Record<string, string | undefined>> = given.LETHE_POSTGRES_PASSWORDS_FILE;
  try {
    return await exclusively(superuser, () =>
      prepareCluster({
        databases: wantedDatabases(given),
        withDatabase: superuser.withDatabase,
        passwordOf: (role) => passwords[role] ?? '',
      }),
    );
  } catch (error) {
    if (error instanceof PostgresServerError) throw postgresProblem(error);
    throw new Problem(
      `The database server ended the work (${errorCode(error) || 'unknown'}).`,
      'Run it again: what was done is done, and the rest was not begun.',
    );
  }
};

const waitMsOf = (text = '120'): number => {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 3600) throw usageProblem('--wait must be 1 to 3600.', 'migrate');
  return seconds * 1000;
};

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

const run = async (args: readonly string[]): Promise<number> => {
  const { values } = readArguments('migrate', args, {
    options: { wait: { type: 'string' } },
    positionals: [],
  });
  const waitMs = waitMsOf(values.wait);
  const reading = readSettings(migrateSpec, process.env);
  if ('problems' in reading)
    throw new Problem(
      `The databases cannot be migrated with these settings:\n${reading.problems.map(({ name, words }) => `  - ${name} ${words}`).join('\n')}`,
      'Each is explained in docs/settings.md and by: lethe settings migrate',
    );
  const given = reading.settings;
  const superuser = superuserOf(given);
  await untilServer(superuser, waitMs);
  const done = await migrate(given, superuser);
  const names = wantedDatabases(given).map(({ name }) => name);
  print(
    `The databases ${names.join(', ')} are up to date: ${count(done.databasesMade, 'database', 'databases')} made, ${count(done.migrationsApplied, 'migration', 'migrations')} applied, ${count(done.passwordsSet, 'password', 'passwords')} set.`,
  );
  return 0;
};

export const migrateCommand: Command = { help, run };
