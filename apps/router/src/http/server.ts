import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type ErrorCode, errorCodes } from '@lethe/contracts';
import { Hono } from 'hono';
import { reportBodyFault } from './body-faults.js';
import { errorJson } from './error-response.js';

type Handler = (incoming: IncomingMessage, res: ServerResponse) => void;
type Bindings = { incoming: IncomingMessage; outgoing: ServerResponse };

/** What the routes do. Every handler answers on the ServerResponse itself; none sees the framework. */
export interface Routes {
  readonly chatCompletions: Handler;
  readonly models: Handler;
  readonly unrouted: (
    code: 'caller.not_found' | 'caller.method_not_allowed',
    incoming: IncomingMessage,
    res: ServerResponse,
  ) => void;
  /** Something that never became a request: broken HTTP, too large a head, an upgrade. */
  readonly broken: (code: ErrorCode) => void;
}

interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly headBytesMax: number;
  readonly routes: Routes;
}

const codesOfNode: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'caller.headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'caller.timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'caller.body_too_large',
};

const routed = (routes: Routes): Hono<{ Bindings: Bindings }> => {
  const app = new Hono<{ Bindings: Bindings }>();
  // Synchronous and without a Request or Response object: this is the hot path.
  const on = (handler: Handler) => (c: { env: Bindings }) => {
    handler(c.env.incoming, c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  };
  app.post('/v1/chat/completions', on(routes.chatCompletions));
  app.get('/v1/models', on(routes.models));
  for (const path of ['/v1/chat/completions', '/v1/models']) {
    app.all(
      path,
      on((incoming, res) => routes.unrouted('caller.method_not_allowed', incoming, res)),
    );
  }
  app.notFound(on((incoming, res) => routes.unrouted('caller.not_found', incoming, res)));
  return app;
};

/** Answers on a bare socket and closes it. */
const refuse = (socket: Duplex, code: ErrorCode): void => {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = errorJson(code);
  const head = [
    `HTTP/1.1 ${errorCodes[code].status} Refused`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-lethe-retention: none',
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};

/** Faults that only the server sees: told to the reader of the body when there is one, else answered on the socket. */
const guard = (server: Server, routes: Routes): void => {
  const reading = new WeakMap<Duplex, IncomingMessage>();
  server.on('request', (incoming: IncomingMessage) => reading.set(incoming.socket, incoming));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const code = codesOfNode[error.code ?? ''] ?? 'caller.malformed_http';
    const incoming = reading.get(socket);
    if (incoming !== undefined && !incoming.complete && reportBodyFault(incoming, code)) return;
    routes.broken(code);
    refuse(socket, code);
  });
  server.on('upgrade', (_incoming: IncomingMessage, socket: Duplex) => {
    routes.broken('caller.upgrade_refused');
    refuse(socket, 'caller.upgrade_refused');
  });
  server.on('connect', (_incoming: IncomingMessage, socket: Duplex) => {
    routes.broken('caller.method_not_allowed');
    refuse(socket, 'caller.method_not_allowed');
  });
};

/** Starts the client-facing server. Resolves once the port is bound; `close` stops accepting and waits for running requests up to `drainMs`. */
export const createHttpServer = (
  options: ServerOptions,
): Promise<{ readonly port: number; close(drainMs: number): Promise<void> }> =>
  new Promise((resolve, reject) => {
    const app = routed(options.routes);
    const server = serve(
      {
        fetch: app.fetch,
        hostname: options.host,
        port: options.port,
        autoCleanupIncoming: false,
        serverOptions: {
          maxHeaderSize: options.headBytesMax,
          requestTimeout: 0,
          headersTimeout: 20_000,
          keepAliveTimeout: 75_000,
          connectionsCheckingInterval: 5_000,
        },
      },
      ({ port }) => resolve({ port, close }),
    ) as Server;
    server.maxHeadersCount = 0; // Bounded by size here, by count in the pipeline, where it can be answered and metered.
    guard(server, options.routes);
    server.once('error', reject);
    const close = (drainMs: number): Promise<void> =>
      new Promise((closed) => {
        const cut = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(cut);
          closed();
        });
        server.closeIdleConnections();
      });
  });
