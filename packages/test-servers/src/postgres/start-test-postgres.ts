import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Login,
  type PostgresConnection,
  type PostgresServer,
  startPostgres,
} from '@lethe/postgres-server';
import postgres from 'postgres';
import { makeFolder } from './folders.js';
import { type ServerCertificate, showCertificate } from './show-certificate.js';
import { fillDataDir, randomPassword, testSettings } from './template.js';

/** A role that may log in, with a password made for this test. */
export interface TestLogin {
  readonly user: string;
  readonly password: string;
  url(database: string): string;
  connection(database: string): PostgresConnection;
}

/** A real Postgres of one test file's own. Addresses and passwords stay the same over restart(). */
export interface TestPostgres {
  readonly superuserUrl: string;
  /** The superuser, in the database `postgres`. */
  readonly sql: postgres.Sql;
  readonly dataDir: string;
  readonly logFile: string;
  readonly pid: number;
  /** Makes a database and gives the superuser in it; stop() ends that connection. */
  createDatabase(name: string): Promise<postgres.Sql>;
  url(login: Login): string;
  connection(login: Login): PostgresConnection;
  /** Speaks TLS with this certificate on its port from now on, which it must have been started with. */
  showCertificate(certificate: ServerCertificate): Promise<void>;
  /** Lets an existing role log in. */
  login(role: string): Promise<TestLogin>;
  /** Kills the server as a crash would; restart() recovers. Resolves when it is gone. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Ends connections and server and removes everything. */
  stop(): Promise<void>;
}

const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface TestPostgresOptions {
  /** Reachable on 127.0.0.1 at this port; absent: by unix socket only. */
  readonly port?: number;
}

/** Starts a fresh cluster in a temporary folder, in well under 1.5 s. */
export async function startTestPostgres({ port = 0 }: TestPostgresOptions = {}): Promise<TestPostgres> {
  const folder = await makeFolder();
  const dataDir = join(folder, 'data');
  const superuserPassword = await fillDataDir(dataDir);
  const start = (): Promise<PostgresServer> =>
    startPostgres({ dataDir, superuserPassword, extraSettings: testSettings, port });
  let server = await start();
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);

  const superuser = (database: string): Login => ({
    user: 'postgres',
    password: superuserPassword,
    database,
  });
  const connect = (database: string): postgres.Sql =>
    postgres({ ...server.connection(superuser(database)), max: 5, onnotice: () => {} });
  const sql = connect('postgres');
  const open: postgres.Sql[] = [sql];

  let killed = false;
  const restart = async (): Promise<void> => {
    await server.stop();
    server = await start();
    killed = false;
  };

  return {
    superuserUrl: server.url(superuser('postgres')),
    sql,
    dataDir,
    logFile: join(folder, 'postgres.log'),
    get pid() {
      return server.pid;
    },
    url: (login) => server.url(login),
    connection: (login) => server.connection(login),
    showCertificate: (certificate) => showCertificate({ dataDir, port, sql }, certificate),
    async createDatabase(name) {
      await sql.unsafe(`create database ${quoteIdentifier(name)}`);
      const database = connect(name);
      open.push(database);
      return database;
    },
    async login(role) {
      const password = randomPassword();
      await sql.unsafe(`alter role ${quoteIdentifier(role)} login password '${password}'`);
      return {
        user: role,
        password,
        url: (database) => server.url({ user: role, password, database }),
        connection: (database) => server.connection({ user: role, password, database }),
      };
    },
    async kill() {
      killed = true;
      server.kill();
      await server.exited;
    },
    restart,
    async stop() {
      await Promise.all(open.map((each) => each.end({ timeout: 1 })));
      // A killed server leaves a System V segment that only its next start takes away.
      if (killed) await restart();
      await server.stop();
      process.removeListener('exit', removeFolder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
