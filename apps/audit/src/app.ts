import { audit } from '@lethe/contracts';
import { openEventLogProducer } from '@lethe/event-log';
import {
  createIdentityClient,
  createMetrics,
  type Logger,
  type RunningService,
  serveGrpc,
  serveRest,
} from '@lethe/service-kit';
import type { AuditConfig } from './config.js';
import { createAuditService } from './grpc/audit-service.js';
import { createAuditMetrics } from './metrics.js';
import { startPublisher } from './publish/publisher.js';
import { createAuditApi } from './rest/audit-api.js';
import { createReaderOf } from './rest/reader.js';
import { openAuditDatabase } from './store/database.js';
import { isStoreReady } from './store/is-store-ready.js';

/** Starts intake, publisher and reading; resolves when both ports are bound. */
export const startAudit = async (config: AuditConfig, log: Logger): Promise<RunningService> => {
  const registry = createMetrics('audit');
  const metrics = createAuditMetrics(registry);
  const database = openAuditDatabase(config.database.url);
  const identity = createIdentityClient({
    address: config.adminConfigGrpc,
    credential: config.serviceCredential,
  });
  const publisher = startPublisher({
    database,
    producer: await openEventLogProducer(config.auditLog),
    metrics,
    log,
  });
  // Not awaited: the intake works while the database cannot be reached for hints.
  void database.listen(() => publisher.wake());

  const grpcServer = await serveGrpc({
    host: config.host,
    port: config.grpcPort,
    credentials: config.callers,
    services: [
      {
        definition: audit.AuditService,
        implementation: createAuditService({ database, metrics, log }),
      },
    ],
  });
  const restServer = await serveRest(
    createAuditApi({
      database,
      readerOf: createReaderOf(identity, config.operatorTokenSha256),
      ready: () => isStoreReady(database),
      registry,
      log,
    }),
    { host: config.host, port: config.restPort },
  );
  return {
    stop: async () => {
      await Promise.all([restServer.close(), grpcServer.close(), publisher.stop()]);
      identity.close();
      await database.close();
    },
  };
};
