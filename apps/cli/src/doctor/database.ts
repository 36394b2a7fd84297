import type postgres from 'postgres';
import { migrateSpec, wantedDatabases } from '../migrate/migrate-settings.js';
import { type Superuser, superuserOf } from '../migrate/superuser.js';
import { type Environment, readSettings } from '../serve/settings/read-settings.js';
import { errorCode } from '../terminal/error-code.js';
import type { Database } from '../up/cluster/prepare-cluster.js';
import { counted, type Examined, type Finding, notLookedAt } from './findings.js';

/** What a server that keeps content must be set to: nothing of a statement in its log, nothing lost in a crash. */
const wantedSettings: Readonly<Record<string, string>> = {
  ssl: 'on',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  data_checksums: 'on',
  log_statement: 'none',
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  shared_preload_libraries: '',
  password_encryption: 'scram-sha-256',
};

const settingFindings = async (sql: postgres.Sql, where: string): Promise<Finding[]> => {
  const rows = await sql<{ name: string; setting: string }[]>`
    select name, setting from pg_settings where name in ${sql(Object.keys(wantedSettings))}`;
  const is = new Map(rows.map(({ name, setting }) => [name, setting]));
  return Object.entries(wantedSettings)
    .filter(([name, wanted]) => is.get(name) !== wanted)
    .map(([name, wanted]) => ({
      item: 'database_setting',
      where,
      words: `has another ${name} than ${wanted === '' ? 'nothing' : wanted}`,
    }));
};

const migrationFindings = async (
  superuser: Superuser,
  { name, schema, migrations }: Database,
): Promise<Finding[]> => {
  const known = (await migrations()).map((step) => step.name);
  const applied = await superuser.withDatabase(name, async (sql) => {
    const [there] = await sql`select to_regclass(${`${schema}.lethe_migrations`}) as found`;
    if (there?.found === null) return [];
    const rows = await sql<{ name: string }[]>`select name from ${sql(schema)}.lethe_migrations`;
    return rows.map((row) => row.name);
  });
  const missing = known.filter((step) => !applied.includes(step));
  const unknown = applied.filter((step) => !known.includes(step));
  const where = `database ${name}`;
  return [
    ...(missing.length === 0
      ? []
      : [{ item: 'migrations_missing', where, words: `lacks ${missing.join(', ')}` } as const]),
    ...(unknown.length === 0
      ? []
      : [{ item: 'migrations_unknown', where, words: `has ${unknown.join(', ')}` } as const]),
  ];
};

/** The database server, over its superuser: reached and believed, its settings, its databases and their migrations. */
export const examineDatabase = async (env: Environment): Promise<Examined> => {
  const part = 'database';
  if (!env.LETHE_POSTGRES_HOST)
    return notLookedAt(
      part,
      'LETHE_POSTGRES_HOST is not set: what the migrate job knows is needed (docker compose run --rm migrate doctor).',
    );
  const reading = readSettings(migrateSpec, env);
  if ('problems' in reading) {
    const findings = reading.problems.map(
      ({ name, words, code }): Finding => ({
        item: code === 'notSet' ? 'setting_missing' : 'setting_malformed',
        where: name,
        words,
      }),
    );
    return { part, looked: undefined, findings, unseen: [] };
  }
  const superuser = superuserOf(reading.settings);
  const wanted: readonly Database[] = wantedDatabases(reading.settings);
  const where = `Postgres at ${reading.settings.LETHE_POSTGRES_HOST}:${reading.settings.LETHE_POSTGRES_PORT}`;
  try {
    const { settings, names } = await superuser.withDatabase('postgres', async (sql) => ({
      settings: await settingFindings(sql, where),
      names: (await sql`select datname from pg_database`).map((row) => String(row.datname)),
    }));
    const absent = wanted.filter(({ name }) => !names.includes(name));
    const there = wanted.filter(({ name }) => names.includes(name));
    const migrations = await Promise.all(there.map((database) => migrationFindings(superuser, database)));
    return {
      part,
      looked: `${counted(there.length, 'database', 'databases')} and the server's settings`,
      findings: [
        ...settings,
        ...absent.map(
          ({ name }): Finding => ({
            item: 'database_missing',
            where: `database ${name}`,
            words: 'is not there',
          }),
        ),
        ...migrations.flat(),
      ],
      unseen: [],
    };
  } catch (error) {
    const words = `cannot be used (${errorCode(error) || 'unknown'})`;
    return {
      part,
      looked: undefined,
      findings: [{ item: 'database_unreachable', where, words }],
      unseen: [],
    };
  }
};
