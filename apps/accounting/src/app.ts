import { accounting } from '@lethe/contracts';
import {
  ConfigError,
  createIdentityClient,
  createMetrics,
  type Logger,
  Opaque,
  type RunningService,
  serveGrpc,
  serveRest,
} from '@lethe/service-kit';
import { createUsageStore } from './analytics/usage-store.js';
import type { Config } from './config.js';
import { addConsumerMetrics } from './consume/consumer-metrics.js';
import { startConsumers } from './consume/start-consumers.js';
import { accountingControl } from './grpc/accounting-control.js';
import { createIngestMetrics } from './ingest/ingest-metrics.js';
import { startTripwireAlarm } from './ingest/tripwire-alarm.js';
import { createAuditClient } from './outbox/audit-client.js';
import { startRelay } from './outbox/relay.js';
import { readinessOf } from './readiness.js';
import { createRestApp } from './rest/rest-app.js';
import { createControlStore } from './store/control-store.js';
import { createIngestStore } from './store/ingest-store.js';
import { queueAuditEvent } from './store/outbox-store.js';
import { openPools } from './store/pools.js';
import { openReadDatabase } from './store/read-scope.js';
import { createRequestStore } from './store/request-store.js';
import { guarded } from './store/store-error.js';
import { startUpkeep } from './store/upkeep.js';
import { checkRootKey, RootKeyMismatchError, startKeyKeeper } from './vault/key-keeper.js';
import { createRegistration } from './vault/register-transit-key.js';
import { wrappingKeysFrom } from './vault/wrapping-keys.js';

/** Starts the service. A database that is away is waited for; a root key that does not fit ends the start. */
export const startAccounting = async (config: Config, log: Logger): Promise<RunningService> => {
  const metrics = createMetrics('accounting');
  const credential = new Opaque(config.serviceCredential);
  const keys = wrappingKeysFrom({ transit: config.transitWrappingKey, atRestRoot: config.atRestRootKey });
  const pools = openPools({
    telemetry: config.telemetryDatabase.url,
    payload: config.payloadDatabase.url,
    read: config.readDatabase.url,
    control: config.controlDatabase.url,
  });
  const control = createControlStore(pools.control);
  await checkRootKey(control, keys).catch(async (error) => {
    if (!(error instanceof RootKeyMismatchError)) return log.error('start.database_away', error);
    await pools.close();
    throw new ConfigError(['atRestRootKey: does not fit the database']);
  });
  const auditClient = createAuditClient({ address: config.auditGrpc, credential });
  const registration = createRegistration({ address: config.adminConfigGrpc, credential });
  const identity = createIdentityClient({ address: config.adminConfigGrpc, credential });

  const relay = startRelay({ session: pools.leader, append: auditClient.append, log });
  const alarm = startTripwireAlarm({ store: control, log, onQueued: relay.wake });
  const keeper = startKeyKeeper({ store: control, keys, register: registration.register, log });
  const upkeep = startUpkeep({ store: control, log });
  const consumers = startConsumers({
    config,
    pools,
    keys,
    log,
    metrics: createIngestMetrics(metrics),
    onTripwire: alarm.wake,
  });
  addConsumerMetrics(metrics, consumers.states);

  const read = openReadDatabase(pools.read);
  const ingest = createIngestStore(read);
  const app = createRestApp({
    identity,
    requests: createRequestStore(read),
    usage: createUsageStore(read),
    ingest,
    keys,
    queue: async (event) => {
      await guarded(() => queueAuditEvent(pools.read, event));
      relay.wake();
    },
    consumers: consumers.states,
    ready: readinessOf(consumers.states, ingest.ping),
    log,
    metrics,
  });
  const grpc = await serveGrpc({
    host: config.host,
    port: config.grpcPort,
    credentials: config.callers,
    services: [
      {
        definition: accounting.AccountingControlService,
        implementation: accountingControl({
          store: control,
          log,
          onOpened: keeper.wake,
          onQueued: relay.wake,
        }),
      },
    ],
  });
  const rest = await serveRest(app, { host: config.host, port: config.restPort });

  return {
    stop: async () => {
      await Promise.all([rest.close(), grpc.close(), consumers.stop()]);
      await Promise.all([keeper.stop(), alarm.stop(), upkeep.stop(), relay.stop()]);
      for (const client of [auditClient, registration, identity]) client.close();
      await pools.close();
    },
  };
};
