import { scannerEngine } from '@lethe/json-scanner';
import {
  CoarseTimer,
  type Launch,
  type Logger,
  openTls,
  type Registry,
  type RunningService,
  showCertificateExpiry,
  showReadiness,
  type TlsIdentity,
} from '@lethe/service-kit';
import type { RouterConfig } from './config.js';
import { facesByPath } from './dialects/all.js';
import { registerForgetMetrics } from './forget/forget-metrics.js';
import { Forgetter } from './forget/forgetter.js';
import { ParserSlab } from './forget/parser-slab.js';
import { TlsStack } from './forget/tls-stack.js';
import type { House } from './house.js';
import type { CallerRequest, CallerResponse } from './http/caller.js';
import { chooseWriter } from './http/choose-writer.js';
import { serveOperator } from './http/operator-face.js';
import { createHttpServer } from './http/server.js';
import { DistinctValues } from './insight/distinct-values.js';
import { createRouterMetrics } from './metrics.js';
import { serveModels } from './models-route.js';
import { openWays } from './open-ways.js';
import { servedFace, serveRequest, serveUnrouted } from './pipeline.js';
import { PolicyStore } from './policy/policy-store.js';
import { subscribe } from './policy/subscribe.js';
import { createProviderClient } from './providers/client/provider-client.js';

const headBytesMax = 32 * 1024;
// In all less than the launcher's patience with a router, 4.1 s.
const drainRequestsMs = 2200;
const concludeMs = 300;

/** Requests that are being served; a stop waits until those it cut off have told their end. */
class Running {
  #requests = 0;
  #onNone: (() => void) | undefined;
  readonly #ended = (): void => {
    this.#requests -= 1;
    if (this.#requests === 0) this.#onNone?.();
  };

  add(request: Promise<void>): void {
    this.#requests += 1;
    request.then(this.#ended, this.#ended);
  }

  get any(): boolean {
    return this.#requests > 0;
  }

  async concluded(withinMs: number): Promise<void> {
    if (!this.any) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onNone = resolve;
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }
}

interface OperatorNeeds {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly ready: () => boolean;
  readonly tls: TlsIdentity | undefined;
}

interface RouterParts {
  /** Shows figures and readiness; by default on a port. */
  readonly operator?: (needs: OperatorNeeds) => Promise<{ close(): Promise<void> }>;
  /** Brings renewed certificates. */
  readonly launch?: Pick<Launch, 'onUpdate'>;
}

/**
 * Starts one router: policy stream, publishers, provider client, the two servers. It has sockets and nothing else.
 */
export const startRouter = async (
  config: RouterConfig,
  log: Logger,
  { operator = serveOperator, launch }: RouterParts = {},
): Promise<RunningService> => {
  const { limits } = config;
  const { tls, publicTls, renew } = openTls({
    service: 'router',
    tls: config.tls,
    publicTls: config.publicTls,
    log,
  });
  if (scannerEngine === 'javascript') log.warn('scanner.without_wasm');
  await chooseWriter(log);
  const policy = new PolicyStore({ keysHonouredMsMax: limits.keysHonouredMsMax });
  const subscription = subscribe({
    address: config.adminConfigGrpc,
    credential: config.serviceCredential,
    tls,
    routerId: config.routerId,
    store: policy,
    log,
  });
  const ways = await openWays({ config, policy, subscription, log });
  const { telemetry, payload, rawRequests } = ways;
  const timer = new CoarseTimer();
  const client = createProviderClient({
    limits: { ...limits, headBytesMax: 64 * 1024 },
    connectionsPerOriginMax: limits.connectionsPerProviderMax,
    timer,
  });
  const metrics = createRouterMetrics({
    ...{ policy, telemetry, payload, uploads: ways.uploads },
    leases: () => policy.state,
  });
  const house: House = {
    policy,
    client,
    telemetry,
    payload,
    rawRequests,
    metrics,
    log,
    timer,
    distinct: new DistinctValues(),
    settings: {
      bodyLimits: limits,
      headersMax: limits.headersMax,
      deploymentRegion: config.deploymentRegion,
      strictBilling: config.billingDurability === 'strict',
      triesPerAccountMax: 2,
      retryWaitMs: 250,
      captureBytesMax: 1024 * 1024,
      captureRequestBytesMax: 4 * 1024 * 1024,
      providerErrorBytesMax: 64 * 1024,
    },
  };
  const running = new Running();
  const forgetter = new Forgetter({
    scrubs: [new ParserSlab(), new TlsStack()],
    log,
    inUse: () => running.any,
  });
  registerForgetMetrics(metrics.registry, forgetter);
  const posts = new Map(
    [...facesByPath].map(([path, face]) => {
      const served = servedFace(face);
      return [
        path,
        (incoming: CallerRequest, res: CallerResponse) =>
          running.add(serveRequest(house, served, incoming, res)),
      ];
    }),
  );
  const server = await createHttpServer({
    host: config.host,
    port: config.port,
    headBytesMax,
    tls: publicTls,
    onTraffic: forgetter.markDirty,
    routes: {
      posts,
      plainPosts: posts,
      models: (incoming, res) => serveModels(house, incoming, res),
      unrouted: (code, incoming, res) => serveUnrouted(house, code, incoming, res),
      broken: () => metrics.countUnrouted(),
    },
  });
  const ready = (): boolean => policy.usable() && forgetter.keepsUp;
  showReadiness(metrics.registry, ready);
  showCertificateExpiry(metrics.registry, {
    service: () => tls?.certificatePem,
    public: () => publicTls?.certificatePem,
  });
  const operatorFace = await operator({
    host: config.host,
    port: config.operatorPort,
    log,
    metrics: metrics.registry,
    ready,
    tls,
  });
  launch?.onUpdate(renew);
  return {
    stop: async () => {
      await server.close(drainRequestsMs);
      await running.concluded(concludeMs);
      await ways.drain();
      await subscription.close();
      client.close();
      forgetter.close();
      await operatorFace.close();
    },
  };
};
