import { accounting } from '@lethe/contracts';
import { openObjectReader } from '@lethe/object-store';
import {
  ConfigError,
  createMetrics,
  type Launch,
  type Logger,
  openTls,
  type RunningService,
  serveGrpc,
  serveRest,
  showCertificateExpiry,
  showReadiness,
} from '@lethe/service-kit';
import { createUsageStore } from './analytics/usage-store.js';
import { openClients, startBackground } from './background.js';
import type { Config } from './config.js';
import { addConsumerMetrics } from './consume/consumer-metrics.js';
import { startConsumers } from './consume/start-consumers.js';
import { accountingControl } from './grpc/accounting-control.js';
import { createIngestMetrics } from './ingest/ingest-metrics.js';
import { auditRefusalCounter, showOutboxAge } from './outbox/outbox-metrics.js';
import { readinessOf } from './readiness.js';
import { createRestApp } from './rest/rest-app.js';
import { type ControlStore, createControlStore } from './store/control-store.js';
import { createIngestStore } from './store/ingest-store.js';
import { queueAuditEvent } from './store/outbox-store.js';
import { openPools } from './store/pools.js';
import { openReadDatabase } from './store/read-scope.js';
import { createRequestStore } from './store/request-store.js';
import { guarded } from './store/store-error.js';
import { createVaultStore } from './store/vault-store.js';
import { createFolderWrapping } from './vault/folder-wrapping.js';
import { createLaunchedWrapping } from './vault/launched-wrapping.js';
import { createRawRequestOpener } from './vault/open-raw-request.js';
import { checkRootKey, RootKeyMismatchError } from './vault/root-key.js';
import { createTransitVault } from './vault/transit-vault.js';
import type { TransitWrapping } from './vault/transit-wrapping.js';
import { type WrappingKeys, wrappingKeysFrom } from './vault/wrapping-keys.js';

/** A root key that does not fit ends the start; a database that is away does not, the key is checked later. */
const checkRootKeyAtStart = async (control: ControlStore, keys: WrappingKeys, log: Logger): Promise<void> => {
  try {
    await checkRootKey(control, keys);
  } catch (error) {
    if (error instanceof RootKeyMismatchError)
      throw new ConfigError(['atRestRootKey: does not fit the database']);
    log.error('start.database_away', error);
  }
};

/** The config has exactly one of the two. */
const wrappingOf = ({ transitKeys, transitWrappingKey }: Config): TransitWrapping =>
  transitKeys === undefined
    ? createLaunchedWrapping(Buffer.from(transitWrappingKey ?? '', 'hex'))
    : createFolderWrapping(transitKeys.path);

const poolsOf = (config: Config) => {
  const { telemetryDatabase, payloadDatabase, readDatabase, controlDatabase } = config;
  return openPools(
    {
      telemetry: telemetryDatabase.url,
      payload: payloadDatabase.url,
      read: readDatabase.url,
      control: controlDatabase.url,
    },
    {
      telemetry: telemetryDatabase.tls,
      payload: payloadDatabase.tls,
      read: readDatabase.tls,
      control: controlDatabase.tls,
    },
  );
};

/**
 * Starts the service. A database, a log or a neighbour that is away is waited for. `launch` brings renewed certificates.
 */
export const startAccounting = async (
  config: Config,
  log: Logger,
  launch?: Pick<Launch, 'onUpdate'>,
): Promise<RunningService> => {
  const { tls, renew } = openTls({ service: 'accounting', tls: config.tls, log });
  const metrics = createMetrics('accounting');
  const wrapping = wrappingOf(config);
  const keys = wrappingKeysFrom({ transit: wrapping, atRestRoot: config.atRestRootKey });
  const pools = poolsOf(config);
  const control = createControlStore(pools.control);
  await checkRootKeyAtStart(control, keys, log).catch(async (error) => {
    await pools.close();
    throw error;
  });
  const clients = openClients(config, tls);
  const ingestMetrics = createIngestMetrics(metrics);
  const objects = config.objectStore === undefined ? undefined : await openObjectReader(config.objectStore);
  const vaultStore = createVaultStore(pools.control, pools.leader);
  const vault = createTransitVault({ store: vaultStore, wrapping, log });
  const background = startBackground({
    ...{ config, pools, control, vaultStore, vault, clients, keys, objects, log },
    metrics: ingestMetrics,
    onRefused: auditRefusalCounter(metrics),
  });
  const { relay, alarm, keeper, sealing, sealOrg } = background;
  const consumers = startConsumers({
    ...{ config, pools, keys, log, metrics: ingestMetrics },
    onTripwire: alarm.wake,
    payloadMayFlow: sealing.done,
  });
  addConsumerMetrics(metrics, consumers.states);
  showOutboxAge(metrics, pools.control);

  const read = openReadDatabase(pools.read);
  const ingest = createIngestStore(read);
  const ready = readinessOf(consumers.states, ingest.ping);
  showReadiness(metrics, ready);
  showCertificateExpiry(metrics, { service: () => tls?.certificatePem });
  const app = createRestApp({
    identity: clients.identity,
    requests: createRequestStore(read),
    usage: createUsageStore(read),
    ingest,
    keys,
    openRawRequest: objects === undefined ? undefined : createRawRequestOpener(keys, objects),
    onRawRequestRefused: (code) => ingestMetrics.rawRequestRefused.inc({ code }),
    queue: async (event) => {
      await guarded(() => queueAuditEvent(pools.read, event));
      relay.wake();
    },
    consumers: consumers.states,
    ready,
    log,
    metrics,
  });
  const implementation = accountingControl({
    store: control,
    sealOrg,
    log,
    onOpened: keeper.wake,
  });
  const grpc = await serveGrpc({
    host: config.host,
    port: config.grpcPort,
    credentials: config.callers,
    tls,
    services: [{ definition: accounting.AccountingControlService, implementation: { ...implementation } }],
  });
  const rest = await serveRest(app, { host: config.host, port: config.restPort, tls });
  launch?.onUpdate(renew);
  return {
    stop: async () => {
      await Promise.all([rest.close(), grpc.close(), consumers.stop()]);
      // First: a relay waits for its running call.
      clients.close();
      await background.stop();
      await Promise.all([pools.close(), objects?.close()]);
    },
  };
};
