import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventLogConfig, ensureTopics } from '@lethe/event-log';
import type { ObjectStoreConfig } from '@lethe/object-store';
import type { KafkaServer, S3Server } from '@lethe/test-servers';
import { freePortRange } from '@lethe/test-servers';
import type { RunJson } from '../../start-lethe.js';
import { http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { type HouseDatabases, startHouseDatabases } from './databases.js';
import { type HouseSecrets, launchesOf, portsFrom } from './launches.js';
import { type Link, startLink } from './link.js';
import { type ServiceProcess, serviceProcess } from './service-process.js';

export interface HouseOptions {
  /** Default 3. */
  readonly routers?: number;
  /** Default 1000. */
  readonly leaseTtlMs?: number;
  /** A broker for the event log. Default: Postgres carries it. */
  readonly kafka?: KafkaServer;
  /** An S3 server for raw requests. Default: Postgres keeps them. */
  readonly s3?: S3Server;
  /** How accounting comes by the key that wraps transit keys. Default: a folder, as replicas share it. */
  readonly transitKeys?: 'folder' | 'handed_over';
  /** Where Postgres is to be reached besides its socket. */
  readonly postgresPort?: number;
  /** Environment of each router. */
  readonly routerEnv?: Readonly<Record<string, string>>;
  readonly adminEnv?: Readonly<Record<string, string>>;
}

export interface RouterNode {
  readonly url: string;
  readonly operator: string;
  readonly process: ServiceProcess;
  /** Between it and admin-config; it prefers one replica and takes the other when that one is gone. */
  readonly link: Link;
}

/** Everything real and in processes of its own: routers, two admin-config, accounting, audit, a simulated provider. */
export interface House {
  /** As far as a house without a launcher has one: what the helpers of other suites ask. */
  readonly run: RunJson;
  readonly routers: readonly RouterNode[];
  readonly admins: readonly [ServiceProcess, ServiceProcess];
  readonly adminUrls: readonly [string, string];
  readonly accounting: ServiceProcess;
  readonly audit: ServiceProcess;
  readonly databases: HouseDatabases;
  /** As accounting reads it. */
  readonly eventLog: EventLogConfig;
  readonly objectStore: ObjectStoreConfig;
  readonly secrets: HouseSecrets;
  readonly folder: string;
  readonly anchorsFolder: string;
  readonly leaseTtlMs: number;
  /** Every service but the provider: in the order in which they can be started again. */
  readonly services: readonly ServiceProcess[];
  /** Resolves when every router takes requests, which it does from its first snapshot on. */
  untilRoutersServe(): Promise<void>;
  stop(): Promise<void>;
}

const host = '127.0.0.1';

const runOf = (base: number, operatorToken: string): RunJson => {
  const ports = portsFrom(base);
  const url = (port: number): string => `http://${host}:${port}`;
  return {
    router: url(ports.router(0)),
    console: null,
    adminConfig: url(ports.adminConfig(0)),
    accounting: url(ports.accounting),
    audit: url(ports.audit),
    auditVerifierKey: null,
    operatorToken,
    grpc: {
      adminConfig: `${host}:${ports.adminConfigGrpc(0)}`,
      accounting: `${host}:${ports.accountingGrpc}`,
      audit: `${host}:${ports.auditGrpc}`,
    },
    organizations: [],
    processes: { router: [], 'admin-config': 0, accounting: 0, audit: 0 },
  };
};

const isGateOpen = async (operator: string): Promise<boolean> => {
  const metrics = await http(`${operator}/metrics`).catch(() => undefined);
  return /^lethe_router_gate_open\b.* 1$/m.test(metrics?.body.toString() ?? '');
};

const isReady = async (url: string): Promise<boolean> =>
  (await http(`${url}/readyz`).catch(() => undefined))?.status === 200;

const bucket = 'lethe-raw';
const mayReadAndRemove = ['s3:GetObject', 's3:DeleteObject', 's3:ListBucket'];

/** The object store as each role may use it: routers put, accounting reads, lists and removes. */
const objectsFor = async (
  databases: HouseDatabases,
  s3: S3Server | undefined,
): Promise<(role: string) => ObjectStoreConfig> => {
  if (s3 === undefined) return (role) => ({ kind: 'postgres', url: databases.url(role) });
  await s3.makeBucket(bucket);
  const credentials = {
    router: await s3.credentials(bucket, ['s3:PutObject']),
    accounting: await s3.credentials(bucket, mayReadAndRemove),
  };
  const { endpoint, region, ca } = s3;
  return (role) => ({
    ...{ kind: 's3', endpoint, region, bucket, tls: { ca } },
    ...credentials[role === 'lethe_router_objects' ? 'router' : 'accounting'],
  });
};

/** Starts it all. Rejects with the log of what did not get ready. */
export const startHouse = async (options: HouseOptions = {}): Promise<House> => {
  const databases = await startHouseDatabases(options.postgresPort);
  // Until the house stands, its database is the only thing that is to be stopped.
  try {
    return await furnish(options, databases);
  } catch (error) {
    await databases.stop();
    throw error;
  }
};

const furnish = async (options: HouseOptions, databases: HouseDatabases): Promise<House> => {
  const { routers: routerCount = 3, leaseTtlMs = 1_000, kafka } = options;
  const folder = await mkdtemp(join(tmpdir(), 'lethe-zdr-'));
  const anchorsFolder = join(folder, 'anchors');
  const transitKeysFolder = join(folder, 'transit-keys');
  for (const each of [anchorsFolder, transitKeysFolder]) await mkdir(each, { mode: 0o700 });
  const objectStore = await objectsFor(databases, options.s3);
  const eventLog = (role: string): EventLogConfig =>
    kafka === undefined
      ? { kind: 'postgres', url: databases.url(role), publishTimeoutMs: 3_000 }
      : { kind: 'kafka', brokers: kafka.brokers, clientId: role, publishTimeoutMs: 3_000 };
  const reading = eventLog('lethe_accounting_log');
  if (reading.kind === 'kafka') await ensureTopics(reading, { replicationFactor: 1 });

  const base = await freePortRange(portsFrom(0).count);
  const ports = portsFrom(base);
  const adminPorts = [ports.adminConfigGrpc(0), ports.adminConfigGrpc(1)];
  // Services of the control plane reach admin-config as they would behind a balancer.
  const toAdmin = await startLink(adminPorts);
  const links = await Promise.all(
    Array.from({ length: routerCount }, (_, n) =>
      startLink(n % 2 === 0 ? adminPorts : adminPorts.toReversed()),
    ),
  );
  const launches = launchesOf({
    base,
    leaseTtlMs,
    databaseUrl: databases.url,
    eventLog,
    objectStore,
    anchorsFolder,
    transitKeysFolder: options.transitKeys === 'handed_over' ? undefined : transitKeysFolder,
    addresses: {
      adminConfig: toAdmin.address,
      accounting: `${host}:${ports.accountingGrpc}`,
      audit: `${host}:${ports.auditGrpc}`,
    },
  });
  const provider = serviceProcess('provider', {
    program: 'packages/simulated-provider',
    launch: () => ({}),
    env: { PORT: String(ports.provider), HOST: host },
  });
  const admin = (n: number): ServiceProcess =>
    serviceProcess(`admin-config-${n}`, {
      program: 'apps/admin-config',
      launch: launches.adminConfig(n),
      ...(options.adminEnv && { env: options.adminEnv }),
    });
  const admins = [admin(0), admin(1)] as const;
  const accounting = serviceProcess('accounting', {
    program: 'apps/accounting',
    launch: launches.accounting,
  });
  const audit = serviceProcess('audit', { program: 'apps/audit', launch: launches.audit });
  const routers = links.map((link, n) => ({
    url: `http://${host}:${ports.router(n)}`,
    operator: `http://${host}:${ports.routerOperator(n)}`,
    link,
    process: serviceProcess(`router-${n + 1}`, {
      program: 'apps/router',
      launch: launches.router(n, link.address),
      ...(options.routerEnv && { env: options.routerEnv }),
    }),
  }));
  const services = [audit, ...admins, accounting, ...routers.map((router) => router.process)];
  const run = runOf(base, launches.secrets.operatorToken);

  const stop = async (): Promise<void> => {
    await Promise.all(routers.map((router) => router.process.stop()));
    await Promise.all([accounting, ...admins, audit, provider].map((service) => service.stop()));
    await Promise.all([toAdmin, ...links].map((link) => link.stop()));
    await databases.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const untilRoutersServe = async (): Promise<void> => {
    for (const { operator } of routers) await waitFor(() => isReady(operator), 30_000, 50);
  };
  try {
    await Promise.all([provider, ...services].map((service) => service.start()));
    for (const url of [run.adminConfig, run.accounting, run.audit])
      await waitFor(() => isReady(url), 30_000, 50);
    await untilRoutersServe();
    // In the beginning a router is to have a lease as well.
    for (const { operator } of routers) await waitFor(() => isGateOpen(operator), 30_000, 50);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    run,
    routers,
    admins,
    adminUrls: [run.adminConfig, `http://${host}:${ports.adminConfig(1)}`],
    accounting,
    audit,
    databases,
    eventLog: reading,
    objectStore: objectStore('lethe_accounting_objects'),
    secrets: launches.secrets,
    folder,
    anchorsFolder,
    leaseTtlMs,
    services,
    untilRoutersServe,
    stop,
  };
};
