import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import type { Layout } from './layout.js';
import { PostgresServerError } from './postgres-server-error.js';
import { commandFor, exitCodeOf, giveTo, type RunAs, wasRefused } from './run-as.js';
import { withLog } from './server-log.js';

const MAJOR = '17';

/** What initdb needs. `durable: false` skips the syncing to disk. */
export interface InitializeOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  readonly runAs: RunAs;
  readonly superuserPassword: string;
  readonly durable: boolean;
}

/** Makes the cluster unless a whole one is there. An initdb that was killed has left only its staging folder, which goes. */
export async function ensureCluster(options: InitializeOptions): Promise<void> {
  const { layout } = options;
  // Retried: what is left of a killed initdb may still be writing.
  await rm(layout.staging, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  if (await holdsCluster(layout.dataDir)) return;
  await mkdir(layout.staging, { mode: 0o700 });
  giveTo(options.runAs, layout.staging);
  await initdb(options);
  await rename(layout.staging, layout.dataDir);
}

async function holdsCluster(dataDir: string): Promise<boolean> {
  if (!existsSync(dataDir) || (await readdir(dataDir)).length === 0) return false;
  const versionFile = join(dataDir, 'PG_VERSION');
  if (!existsSync(versionFile)) throw new PostgresServerError('data_dir_foreign');
  if (readFileSync(versionFile, 'utf8').trim() !== MAJOR)
    throw new PostgresServerError('data_dir_other_major');
  return true;
}

async function initdb({
  layout,
  binaries,
  runAs,
  superuserPassword,
  durable,
}: InitializeOptions): Promise<void> {
  try {
    await rm(layout.passwordFile, { force: true });
    writeFileSync(layout.passwordFile, superuserPassword, { mode: 0o600, flag: 'wx' });
    giveTo(runAs, layout.passwordFile);
    const program = [
      binaries.initdb,
      `--pgdata=${layout.staging}`,
      '--username=postgres',
      `--pwfile=${layout.passwordFile}`,
      '--auth-local=scram-sha-256',
      '--auth-host=scram-sha-256',
      '--encoding=UTF8',
      // Postgres' own C.UTF-8: the same order on every machine, whatever locales the system has.
      '--no-locale',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ];
    const code = await withLog(layout.log, (log) => exitCodeOf(commandFor(runAs, 'KILL', program), log));
    if (wasRefused(code)) throw new PostgresServerError('spawn_refused');
    if (code !== 0) throw new PostgresServerError('initdb_failed');
  } finally {
    await rm(layout.passwordFile, { force: true });
  }
}
