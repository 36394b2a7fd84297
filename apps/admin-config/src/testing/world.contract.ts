import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { applyMigrations, readMigrations } from '@lethe/postgres-server';
import { createLogger, createMetrics, newToken, tokenSha256 } from '@lethe/service-kit';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import type { BlankEnv } from 'hono/types';
import type postgres from 'postgres';
import { bounds } from '../domain/bounds.js';
import { type Authenticator, createAuthenticator } from '../identity/authenticate.js';
import type { ProofDesk } from '../outbox/proof-desk.js';
import { createRestApp } from '../rest/rest-app.js';
import { type Database, openDatabase } from '../store/database.js';
import type { Deps, ZdrDesk } from '../use-cases/change.js';
import { createSerialQueue } from '../use-cases/serial-queue.js';
import { type CheckedAnswer, checkAnswer } from './answers.contract.js';

const migrationsFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** One replica of admin-config without its listening ports. */
export interface Replica {
  readonly database: Database;
  readonly deps: Deps;
  readonly authenticator: Authenticator;
  readonly app: OpenAPIHono<BlankEnv>;
}

/** Without audit there are no proofs. */
const noProofs: ProofDesk = { wait: async () => null, ask: async () => null };

/** Without routers' streams nothing becomes effective. */
const pendingZdr: ZdrDesk = {
  settled: async () => {},
  remembered: () => new Set(),
  tombstones: async () => [],
  backupRetentionDays: 35,
};

export interface ReplicaOptions {
  readonly zdr?: Partial<ZdrDesk>;
  /** Where it gets proofs; from nowhere when absent. */
  readonly proofs?: (database: Database) => ProofDesk;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly replica?: Replica;
  readonly headers?: Readonly<Record<string, string>>;
  /** Address of the caller's end of the socket; absent: there is no socket. */
  readonly from?: string;
}

/** A database with the schema, replicas on it, and every log line they wrote. */
export interface World {
  readonly postgres: TestPostgres;
  /** The superuser in the config database. */
  readonly superuser: postgres.Sql;
  readonly databaseUrl: string;
  readonly operatorToken: string;
  readonly replica: Replica;
  readonly logLines: string[];
  readonly refusals: string[];
  /** Moves the replicas' clock, in milliseconds. */
  advance(ms: number): void;
  addReplica(options?: ReplicaOptions): Replica;
  /** Calls the REST face; the answer is checked against its description. */
  call(method: string, path: string, options?: CallOptions): Promise<CheckedAnswer>;
  close(): Promise<void>;
}

export const startWorld = async (): Promise<World> => {
  const server = await startTestPostgres();
  const superuser = await server.createDatabase('config');
  const migrations = await readMigrations(migrationsFolder);
  await applyMigrations(superuser, { owner: 'lethe_owner', schema: 'config', migrations });
  const databaseUrl = (await server.login('lethe_admin')).url('config');
  const logLines: string[] = [];
  const refusals: string[] = [];
  const log = createLogger('admin-config', (line) => logLines.push(line));
  const operatorToken = newToken('lethe_ops_');
  let advancedMs = 0;
  const replicas: Replica[] = [];
  const addReplica = (options: ReplicaOptions = {}): Replica => {
    const database = openDatabase(databaseUrl, log);
    const deps: Deps = {
      database,
      clock: () => Date.now() + advancedMs,
      serial: createSerialQueue(bounds.changesWaitingMax),
      changed: () => {},
      proofs: options.proofs?.(database) ?? noProofs,
      refused: (code) => refusals.push(code),
      zdr: { ...pendingZdr, ...options.zdr },
    };
    const authenticator = createAuthenticator(database, tokenSha256(operatorToken));
    const app = createRestApp({
      deps,
      authenticator,
      log,
      metrics: createMetrics('admin-config'),
      ready: () => database.ready(),
    });
    const replica = { database, deps, authenticator, app };
    replicas.push(replica);
    return replica;
  };
  const replica = addReplica();
  return {
    postgres: server,
    superuser,
    databaseUrl,
    operatorToken,
    replica,
    logLines,
    refusals,
    addReplica,
    advance: (ms) => {
      advancedMs += ms;
    },
    call: async (method, path, options = {}) => {
      const on = options.replica ?? replica;
      const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
      const response = await on.app.request(
        path,
        {
          method,
          headers: {
            ...options.headers,
            ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          },
          ...(body === undefined ? {} : { body }),
        },
        options.from === undefined ? {} : { incoming: { socket: { remoteAddress: options.from } } },
      );
      return checkAnswer(on.deps, method, path, response);
    },
    close: async () => {
      await Promise.all(replicas.map(({ database }) => database.close()));
      await server.stop();
    },
  };
};

/** A user with a token. */
export interface Person {
  readonly userId: string;
  readonly token: string;
}

/** An organization with one person of each role. */
export interface TestOrg {
  readonly id: string;
  readonly slug: string;
  readonly admin: Person;
  readonly member: Person;
  readonly auditor: Person;
}

/** Adds a user and a token of it, as the operator. */
export const addPerson = async (world: World, slug: string, role: string): Promise<Person> => {
  const token = world.operatorToken;
  const path = `/v1/operator/org/${slug}`;
  const made = await world.call('POST', `${path}/member`, { token, body: { name: `a ${role}`, role } });
  const userId = String(made.body.user_id);
  const given = await world.call('POST', `${path}/token`, { token, body: { user_id: userId, name: 'test' } });
  return { userId, token: String(given.body.token) };
};

/** Makes an organization through the operator's routes. */
export const makeOrg = async (
  world: World,
  slug = `org-${randomBytes(4).toString('hex')}`,
): Promise<TestOrg> => {
  const made = await world.call('POST', '/v1/operator/org', {
    token: world.operatorToken,
    body: { slug, name: 'Some organization' },
  });
  return {
    id: String(made.body.org_id),
    slug,
    admin: await addPerson(world, slug, 'admin'),
    member: await addPerson(world, slug, 'member'),
    auditor: await addPerson(world, slug, 'auditor'),
  };
};

/** Makes an API key of whoever the token belongs to. */
export const makeKey = async (
  world: World,
  token: string,
  body: Record<string, unknown> = {},
): Promise<{ readonly id: string; readonly secret: string }> => {
  const made = await world.call('POST', '/v1/manage/apikey', { token, body: { name: 'a key', ...body } });
  return { id: String(made.body.api_key_id), secret: String(made.body.api_key) };
};

/** Enables ZDR as the admin. */
export const enableZdr = (world: World, org: TestOrg): Promise<CheckedAnswer> =>
  world.call('POST', '/v1/manage/org/zdr', { token: org.admin.token, body: { confirm: org.slug } });

/** Repairs what the guard was raised for, as the operator. */
export const repairZdr = (world: World, replica?: Replica): Promise<CheckedAnswer> =>
  world.call('POST', '/v1/operator/zdr/repair', {
    token: world.operatorToken,
    ...(replica === undefined ? {} : { replica }),
  });

/** Audit events in the outbox that no call of this took before, in order, decoded. */
export const takeAuditEvents = async (world: World): Promise<AuditEvent[]> => {
  const rows = await world.superuser<{ body: Buffer }[]>`
    with taken as (update config.outbox set sent_at = now() where destination = 'audit' and sent_at is null
      returning config_version, ordinal, body)
    select body from taken order by config_version, ordinal`;
  return rows.map(({ body }) => JSON.parse(body.toString('utf8')) as AuditEvent);
};

/** Calls to accounting in the outbox that no call of this took before, in order. */
export const takeAccountingCalls = async (
  world: World,
): Promise<{ readonly method: string; readonly body: Buffer }[]> => {
  const rows = await world.superuser<{ method: string; body: Buffer }[]>`
    with taken as (update config.outbox set sent_at = now() where destination = 'accounting' and sent_at is null
      returning config_version, ordinal, method, body)
    select method, body from taken order by config_version, ordinal`;
  return rows.map(({ method, body }) => ({ method, body }));
};

export interface AuditEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly partitionkey?: string;
  readonly data: {
    readonly status_id: number;
    readonly time: number;
    readonly api?: { readonly operation: string };
    readonly metadata: { readonly correlation_uid?: string };
    readonly actor: { readonly user: { readonly uid: string; readonly type: string } };
    readonly unmapped: {
      readonly before?: Readonly<Record<string, unknown>>;
      readonly after?: Readonly<Record<string, unknown>>;
      readonly refusal?: string;
      readonly actor_email_digest?: string;
      readonly source_ip_digest?: string;
    };
  };
}

/** The config version now. */
export const versionNow = async (world: World): Promise<bigint> => {
  const [row] = await world.superuser`select version::text from config.config_version`;
  return BigInt(String(row?.version));
};
