import { audit } from '@lethe/contracts';
import { openEventLogProducer } from '@lethe/event-log';
import {
  createIdentityClient,
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
import { makeSigner } from '@lethe/transparency-log';
import { openAnchors } from './anchor/open-anchors.js';
import type { AuditConfig } from './config.js';
import { createAuditService } from './grpc/audit-service.js';
import { createLogSigner } from './log/log-signer.js';
import { startLog } from './log/start-log.js';
import { createAuditMetrics } from './metrics.js';
import { startPublisher } from './publish/publisher.js';
import { createAuditApi } from './rest/audit-api.js';
import { openAuditDatabase } from './store/database.js';

const signerOf = ({ origin, seeds }: AuditConfig['signing']) =>
  createLogSigner(
    origin,
    seeds.map((seed) => makeSigner(origin, seed.reveal())),
  );

/** Starts intake, log, publisher and reading; resolves when both ports are bound. `launch` brings renewed certificates. */
export const startAudit = async (
  config: AuditConfig,
  log: Logger,
  launch?: Pick<Launch, 'onUpdate'>,
): Promise<RunningService> => {
  const { tls, renew } = openTls({ service: 'audit', tls: config.tls, log });
  const registry = createMetrics('audit');
  const metrics = createAuditMetrics(registry);
  const database = openAuditDatabase(config.database.url, config.database.tls);
  const anchors = await openAnchors(config.anchors);
  const identity = createIdentityClient({
    address: config.adminConfigGrpc,
    credential: config.serviceCredential,
    tls,
  });
  const running = startLog({
    database,
    anchors,
    signer: signerOf(config.signing),
    witnesses: config.witnesses,
    witnessQuorum: config.witnessQuorum,
    registry,
    metrics,
    log,
  });
  const publisher = startPublisher({
    database,
    producer: await openEventLogProducer(config.auditLog),
    origin: config.signing.origin,
    newestCheckpoint: () => running.keeper.releasable,
    metrics,
    log,
  });
  running.keeper.onNews(() => publisher.wake());
  showReadiness(registry, running.isReady);
  showCertificateExpiry(registry, { service: () => tls?.certificatePem });

  const grpcServer = await serveGrpc({
    host: config.host,
    port: config.grpcPort,
    credentials: config.callers,
    tls,
    services: [
      {
        definition: audit.AuditService,
        implementation: createAuditService({ ...running, anchors, metrics, log }),
      },
    ],
  });
  const restServer = await serveRest(
    createAuditApi({
      database,
      logReader: running.reader,
      intake: running.intake,
      origin: config.signing.origin,
      identity,
      operatorTokenSha256: config.operatorTokenSha256,
      ready: running.isReady,
      registry,
      log,
    }),
    { host: config.host, port: config.restPort, tls },
  );
  launch?.onUpdate(renew);
  return {
    stop: async () => {
      await Promise.all([restServer.close(), grpcServer.close()]);
      await Promise.all([running.stop(), publisher.stop()]);
      identity.close();
      await database.close();
    },
  };
};
