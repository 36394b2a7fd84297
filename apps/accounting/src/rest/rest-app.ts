import { OpenAPIHono } from '@hono/zod-openapi';
import { newUuidV7 } from '@lethe/contracts';
import {
  type IdentityClient,
  type Logger,
  type Registry,
  sourceAddress,
  withHouseRoutes,
} from '@lethe/service-kit';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import type { UsageStore } from '../analytics/usage-store.js';
import type { ConsumerState } from '../consume/topic-consumer.js';
import type { IngestStore } from '../store/ingest-store.js';
import type { QueuedEvent } from '../store/outbox-store.js';
import type { RequestStore } from '../store/request-store.js';
import { openForReading } from '../vault/open-payload.js';
import type { OpenRawRequest, RawRequestRefusal } from '../vault/open-raw-request.js';
import type { WrappingKeys } from '../vault/wrapping-keys.js';
import { accessOf } from './access.js';
import { type RestApp, serveDocument } from './documented.js';
import { addOperatorRoutes } from './operator-routes.js';
import { addRawRequestRoute } from './raw-request-routes.js';
import { addRequestsRoutes } from './requests-routes.js';
import { addUsageExport, addUsageRoutes } from './usage-routes.js';

interface RestDeps {
  readonly identity: Pick<IdentityClient, 'authenticate'>;
  readonly requests: RequestStore;
  readonly usage: UsageStore;
  readonly ingest: IngestStore;
  readonly keys: WrappingKeys;
  /** undefined: this deployment keeps no raw requests. */
  readonly openRawRequest: OpenRawRequest | undefined;
  readonly onRawRequestRefused: (refusal: RawRequestRefusal) => void;
  readonly queue: (event: QueuedEvent) => Promise<void>;
  readonly consumers: () => readonly ConsumerState[];
  readonly ready: () => Promise<boolean>;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** The REST face: every route authenticates first, and reads within what the token's role covers. */
export const createRestApp = (deps: RestDeps): RestApp => {
  const authenticate = async (c: Context) => {
    const correlationId = newUuidV7();
    c.header('x-lethe-request-id', correlationId);
    const authorization = c.req.header('authorization');
    return accessOf(await deps.identity.authenticate(authorization, sourceAddress(c)), correlationId);
  };
  const app = withHouseRoutes(new OpenAPIHono<BlankEnv>(), {
    origin: 'accounting',
    log: deps.log,
    metrics: deps.metrics,
    ready: deps.ready,
  });
  addRequestsRoutes(app, {
    authenticate,
    requests: deps.requests,
    openPayload: (item) => openForReading(deps.keys, item),
    queue: deps.queue,
    log: deps.log,
  });
  addRawRequestRoute(app, {
    authenticate,
    requests: deps.requests,
    openRawRequest: deps.openRawRequest,
    queue: deps.queue,
    onRefused: deps.onRawRequestRefused,
    log: deps.log,
  });
  const usage = { authenticate, usage: deps.usage, queue: deps.queue };
  addUsageRoutes(app, usage);
  addUsageExport(app, usage);
  addOperatorRoutes(app, { authenticate, ingest: deps.ingest, consumers: deps.consumers });
  serveDocument(app);
  return app;
};
