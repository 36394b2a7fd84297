import type { policy as wire } from '@lethe/contracts';
import {
  createMetrics,
  type Launch,
  type Logger,
  openTls,
  type Registry,
  type RunningService,
  serveGrpc,
  serveRest,
  showCertificateExpiry,
  showReadiness,
  type TlsIdentity,
} from '@lethe/service-kit';
import type { Config } from './config.js';
import { bounds } from './domain/bounds.js';
import { identityService } from './grpc/identity-service.js';
import { policySyncService } from './grpc/policy-sync-service.js';
import { createAuthenticator } from './identity/authenticate.js';
import { leaseCounter, observe, refusalCounter, reportCounter } from './metrics.js';
import { createAuditReader } from './outbox/audit-reader.js';
import { accountingDestination, auditDestination } from './outbox/deliver.js';
import { createProofDesk } from './outbox/proof-desk.js';
import { Relay } from './outbox/relay.js';
import { createSealOrg } from './outbox/seal-org.js';
import { PolicyDriver } from './policy-sync/driver.js';
import { watchChanges } from './policy-sync/watch-policy.js';
import { createRestApp } from './rest/rest-app.js';
import { type Database, openDatabase } from './store/database.js';
import type { Deps } from './use-cases/change.js';
import { RouterReports } from './use-cases/router-reports.js';
import { createSerialQueue } from './use-cases/serial-queue.js';
import { ZdrWatch } from './zdr-watch/zdr-watch.js';

/** How long the answer that enables ZDR waits for its proof. */
const proofWaitMs = 3000;

const clock = (): number => Date.now();

const providerAccountsOf = (config: Config): wire.ProviderAccount[] =>
  config.providerAccounts.map((account) => ({
    providerAccountId: account.providerAccountId,
    provider: account.provider,
    baseUrl: account.baseUrl,
    credential: account.credential.reveal(),
    orgId: Buffer.alloc(0),
    region: account.region,
    proxyUrl: account.proxyUrl?.reveal(),
    caCertificatesPem: account.caCertificatesPem,
    clientCertificatePem: account.clientCertificatePem,
    clientPrivateKeyPem: account.clientPrivateKeyPem?.reveal(),
  }));

interface RelayNeeds {
  readonly config: Config;
  readonly tls: TlsIdentity | undefined;
  readonly database: Database;
  readonly log: Logger;
}

const startRelays = ({ config, tls, database, log }: RelayNeeds) => {
  const audit = auditDestination(config.auditGrpc, config.serviceCredential, tls);
  const accounting = accountingDestination(config.accountingGrpc, config.serviceCredential, tls);
  const common = { database, clock, log };
  const relays = [
    new Relay({ ...common, destination: 'audit', deliver: audit.deliver }),
    new Relay({ ...common, destination: 'accounting', deliver: accounting.deliver }),
  ];
  return {
    wake: () => {
      for (const relay of relays) relay.wake();
    },
    close: async () => {
      audit.close();
      accounting.close();
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
};

/** What it asks of audit and accounting, each over a channel of its own. */
const openNeighbours = (
  { auditGrpc, accountingGrpc, serviceCredential }: Config,
  tls: TlsIdentity | undefined,
) => {
  const reader = createAuditReader(auditGrpc, serviceCredential, tls);
  const sealer = createSealOrg(accountingGrpc, serviceCredential, tls);
  return {
    reader,
    sealOrg: sealer.sealOrg,
    close: () => {
      reader.close();
      sealer.close();
    },
  };
};

const startReports = (metrics: Registry, deps: Deps, log: Logger) => {
  const reports = new RouterReports({ deps, log });
  const count = reportCounter(metrics);
  return {
    report: (routerId: string, facts: wire.Report): void => {
      count(facts);
      reports.note(routerId, facts);
    },
    close: () => reports.close(),
  };
};

/**
 * Starts admin-config and serves until `stop`; `launch` brings renewed certificates. Rejects when the database cannot be
 * read or a port is taken.
 */
export const startAdminConfig = async (
  config: Config,
  log: Logger,
  launch?: Pick<Launch, 'onUpdate'>,
): Promise<RunningService> => {
  const { tls, renew } = openTls({ service: 'admin-config', tls: config.tls, log });
  const database = openDatabase(config.database.url.reveal(), log, config.database.tls);
  const metrics = createMetrics('admin-config');
  const neighbours = openNeighbours(config, tls);
  const { reader, sealOrg } = neighbours;
  const tombstones = () => reader.tombstones();
  let woken = (): void => {};
  const own = {
    database,
    clock,
    changed: () => woken(),
    proofs: createProofDesk({ database, reader, waitMs: proofWaitMs }),
  };
  const driver = new PolicyDriver({
    ...own,
    log,
    sealOrg,
    count: leaseCounter(metrics),
    providerAccounts: providerAccountsOf(config),
    leaseTtlMs: config.leaseTtlMs,
    awaitsAnchors: true,
  });
  await driver.refresh();
  const relays = startRelays({ config, tls, database, log });
  const watch = watchChanges(database, log, () => {
    relays.wake();
    return driver.refresh();
  });
  woken = () => watch.wake();
  const deps: Deps = {
    ...own,
    serial: createSerialQueue(bounds.changesWaitingMax),
    refused: refusalCounter(metrics),
    zdr: {
      settled: (org) => driver.settled(org),
      remembered: () => driver.zdrOrgIds,
      tombstones,
      backupRetentionDays: config.backupRetentionDays,
    },
  };
  observe({ registry: metrics, driver, database, clock });
  showReadiness(metrics, () => database.ready());
  showCertificateExpiry(metrics, { service: () => tls?.certificatePem });
  const zdrWatch = new ZdrWatch({ deps, tombstones, log, compared: () => driver.allowGrants() });
  const reports = startReports(metrics, deps, log);
  const authenticator = createAuthenticator(database, config.operatorTokenSha256);
  const grpcServer = await serveGrpc({
    host: config.host,
    port: config.grpcPort,
    credentials: config.callers,
    tls,
    services: [
      policySyncService(deps, { driver, log, report: reports.report }),
      identityService({ authenticator, database, log }),
    ],
  });
  const rest = createRestApp({ deps, authenticator, log, metrics, ready: () => database.ready() });
  const restServer = await serveRest(rest, { host: config.host, port: config.restPort, tls });
  launch?.onUpdate(renew);
  return {
    stop: async () => {
      watch.close();
      driver.close();
      await restServer.close();
      neighbours.close();
      await Promise.all([grpcServer.close(), relays.close(), zdrWatch.close(), reports.close()]);
      await database.close();
    },
  };
};
