import type { IncomingMessage, ServerOptions as NodeOptions, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ErrorCode } from '@lethe/contracts';
import { Hono } from 'hono';
import type { CallerRequest, CallerResponse } from './caller.js';
import { closedHeaders, errorJson, headerPairs, sendError } from './error-response.js';
import { guardSockets, refuseSocket } from './guard-sockets.js';
import { LeanIncoming } from './lean-incoming.js';
import { createListener, type ServerTls } from './listener.js';
import type { PlainCall } from './plain/plain-call.js';
import { type PlainConnections, takePlainConnections } from './plain/plain-connections.js';
import { watchTraffic } from './watch-traffic.js';

type Handler = (incoming: IncomingMessage, res: ServerResponse) => void;
type PostHandler = (incoming: CallerRequest, res: CallerResponse) => void;
type Bindings = { incoming: IncomingMessage; outgoing: ServerResponse };

export type UnroutedCode = 'caller.not_found' | 'caller.method_not_allowed' | 'caller.upgrade_refused';

/** What the routes do. Every handler answers on the ServerResponse itself; none sees the framework. */
export interface Routes {
  /** What is posted, by path. */
  readonly posts: ReadonlyMap<string, Handler>;
  /** The same, for plain requests, which are read here instead of by Node. Default: Node reads all. */
  readonly plainPosts?: ReadonlyMap<string, PostHandler>;
  readonly models: Handler;
  readonly unrouted: (code: UnroutedCode, incoming: IncomingMessage, res: ServerResponse) => void;
  /** Something that never became a request: broken HTTP, too large a head, CONNECT; or a route that threw. */
  readonly broken: (code: ErrorCode) => void;
}

interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly headBytesMax: number;
  /** Milliseconds that a request's head may take to arrive. */
  readonly headMsMax?: number;
  /** HTTPS with it, HTTP without. */
  readonly tls?: ServerTls | undefined;
  /** Called when bytes of callers may have been read since it was called last. */
  readonly onTraffic?: () => void;
  readonly routes: Routes;
}

const sweepMs = 50;

const headMsMaxDefault = 20_000;

const nodeOptions = ({ headBytesMax, headMsMax = headMsMaxDefault }: ServerOptions): NodeOptions => ({
  maxHeaderSize: headBytesMax,
  requestTimeout: 0,
  headersTimeout: headMsMax,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: Math.min(5_000, headMsMax / 4),
  requireHostHeader: false, // Node would answer with an empty body.
  IncomingMessage: LeanIncoming,
});

/** A route threw: nothing of the error goes anywhere. */
const answerBroken = (routes: Routes, incoming: CallerRequest, res: CallerResponse): void => {
  routes.broken('gateway.internal');
  if (res.headersSent) res.destroy();
  else sendError(incoming, res, { code: 'gateway.internal', param: null, headers: closedHeaders });
};

const hostText = /^[A-Za-z0-9._~:[\]-]{1,255}$/;

/** Exactly one host, and one that can be: two of them, or none, are how requests are smuggled past each other. Asked of
 * the raw list, because Node's object of all headers is made only for those who need it. */
const namesOneHost = ({ rawHeaders, httpVersion }: IncomingMessage): boolean => {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (++hosts > 1 || !hostText.test(rawHeaders[i + 1] as string)) return false;
  }
  return hosts === 1 || httpVersion === '1.0';
};

const routed = (routes: Routes): Hono<{ Bindings: Bindings }> => {
  const app = new Hono<{ Bindings: Bindings }>();
  // Synchronous and without a Request or Response object: this is the hot path.
  const on = (handler: Handler) => (c: { env: Bindings }) => {
    handler(c.env.incoming, c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  };
  // Node serves a request that asks for an upgrade like any other; a WebSocket client needs to be told at once.
  const unrouted = (code: UnroutedCode) =>
    on((incoming, res) => {
      if (incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
        routes.unrouted(code, incoming, res);
        return;
      }
      res.shouldKeepAlive = false;
      routes.unrouted('caller.upgrade_refused', incoming, res);
    });
  for (const [path, handler] of routes.posts) app.post(path, on(handler));
  app.get('/v1/models', on(routes.models));
  for (const path of [...routes.posts.keys(), '/v1/models']) {
    app.all(path, unrouted('caller.method_not_allowed'));
  }
  app.notFound(unrouted('caller.not_found'));
  // The framework's own handler would print the error.
  app.onError((_error, c) => {
    answerBroken(routes, c.env.incoming, c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  return app;
};

const serveOrBreak = <Request extends CallerRequest, Response extends CallerResponse>(
  routes: Routes,
  handler: (incoming: Request, res: Response) => void,
  incoming: Request,
  res: Response,
): void => {
  try {
    handler(incoming, res);
  } catch {
    answerBroken(routes, incoming, res);
  }
};

const listenerOf = (routes: Routes): Handler => {
  const malformed = 'caller.malformed_http';
  const listener = getRequestListener(routed(routes).fetch, {
    hostname: 'localhost', // HTTP/1.0 has no Host header.
    autoCleanupIncoming: false,
    // A target or host that the adapter cannot read: it never reaches the routes.
    errorHandler: () => {
      routes.broken(malformed);
      const headers = [...closedHeaders, 'content-type', 'application/json', 'connection', 'close'];
      return new Response(errorJson(malformed), { status: 400, headers: headerPairs(headers) });
    },
  });
  return (incoming, res) => {
    if (incoming instanceof LeanIncoming) incoming.ours = true;
    // Node leaves the body out of the answer by itself; the framework would answer a second time.
    if (incoming.method === 'HEAD') incoming.method = 'GET';
    if (!namesOneHost(incoming)) {
      routes.broken(malformed);
      sendError(incoming, res, { code: malformed, param: null, headers: closedHeaders });
      return;
    }
    // What is asked a thousand times a second is found by its exact path; the framework routes all the rest.
    const post = incoming.method === 'POST' ? routes.posts.get(incoming.url as string) : undefined;
    if (post === undefined) void listener(incoming, res);
    else serveOrBreak(routes, post, incoming, res);
  };
};

/** Must be called before anybody else listens to the server's connections. */
const readPlain = (server: Server, options: ServerOptions): PlainConnections | undefined => {
  const { routes, headBytesMax, headMsMax = headMsMaxDefault, tls, onTraffic = () => undefined } = options;
  if (routes.plainPosts === undefined) return undefined;
  const posts = new Map<string, (call: PlainCall) => void>();
  for (const [path, handler] of routes.plainPosts)
    posts.set(path, (call) => serveOrBreak(routes, handler, call, call));
  return takePlainConnections(server, {
    posts,
    secure: tls !== undefined,
    headBytesMax,
    headMsMax,
    onTraffic,
    tooLate: (socket) => refuseSocket(socket, 'caller.timeout', routes.broken),
  });
};

/** Stops accepting and waits for running requests up to `drainMs`; a connection is closed as soon as it runs dry. */
const closeGently = (server: Server, plain: PlainConnections | undefined, drainMs: number): Promise<void> =>
  new Promise((closed) => {
    const closeIdle = (): void => {
      server.closeIdleConnections();
      plain?.closeIdle();
    };
    const sweep = setInterval(closeIdle, sweepMs);
    const cut = setTimeout(() => {
      server.closeAllConnections();
      plain?.closeAll();
    }, drainMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      closed();
    });
    closeIdle();
  });

/** Starts the client-facing server. Resolves once the port is bound; rejects with the system's error. */
export const createHttpServer = (
  options: ServerOptions,
): Promise<{ readonly port: number; close(drainMs: number): Promise<void> }> =>
  new Promise((resolve, reject) => {
    const listener = listenerOf(options.routes);
    const server = createListener(nodeOptions(options), options.tls, listener);
    const plain = readPlain(server, options);
    server.maxHeadersCount = 0; // Bounded by size here, by count in the pipeline, where it can be answered and metered.
    server.on('checkExpectation', listener); // Node would answer with an empty body; an unknown wish may be ignored.
    guardSockets(server, options.routes.broken);
    if (options.onTraffic !== undefined) watchTraffic(server, options.onTraffic);
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: (drainMs) => closeGently(server, plain, drainMs) });
    });
  });
