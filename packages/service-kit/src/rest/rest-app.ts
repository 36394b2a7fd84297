import { createServer } from 'node:https';
import { type ServerType, serve } from '@hono/node-server';
import { type ErrorBody, type ErrorCode, errorBody, errorCodes } from '@lethe/contracts';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Registry } from 'prom-client';
import { LetheError } from '../safe/errors.js';
import type { Logger } from '../safe/log.js';
import type { TlsIdentity } from '../tls/tls-identity.js';

const bodyBytesMax = 256 * 1024;
const handshakeMsMax = 10_000;

export type RestOrigin = ErrorBody['error']['origin'];

/** The answer of a closed code on a control-plane face. */
export const errorResponse = (
  c: Context,
  code: ErrorCode,
  origin: RestOrigin,
  param: string | null = null,
): Response => c.json(errorBody(code, origin, param), errorCodes[code].status as 400);

/** What GET /metrics shows: a page of Prometheus' text form. */
export type RestAppMetrics = Pick<Registry, 'metrics' | 'contentType'>;

interface RestAppOptions {
  readonly origin: RestOrigin;
  readonly log: Logger;
  readonly metrics: RestAppMetrics;
  /** Resolves to false while the service cannot do its work. */
  readonly ready: () => boolean | Promise<boolean>;
}

/** Adds what every control-plane REST face has: no-store, health, readiness, metrics, one error handler, one 404. */
export const withHouseRoutes = <A extends Hono>(app: A, options: RestAppOptions): A => {
  app.use('*', async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  app.use(
    '*',
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (c) => errorResponse(c, 'caller.body_too_large', options.origin),
    }),
  );
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) =>
    (await options.ready()) ? c.json({ status: 'ready' }) : c.json({ status: 'not_ready' }, 503),
  );
  app.get('/metrics', async (c) =>
    c.text(await options.metrics.metrics(), 200, { 'content-type': options.metrics.contentType }),
  );
  app.notFound((c) => errorResponse(c, 'caller.not_found', options.origin));
  app.onError((error, c) => {
    if (error instanceof LetheError) return errorResponse(c, error.code, options.origin, error.param);
    options.log.error('rest.failed', error);
    return errorResponse(c, 'gateway.internal', options.origin);
  });
  return app;
};

interface RestListen {
  readonly host: string;
  readonly port: number;
  /** HTTPS with it, HTTP without. No client is asked for a certificate here. */
  readonly tls?: TlsIdentity | undefined;
}

const openServer = (app: Hono, { host, port, tls }: RestListen, onListening: () => void): ServerType => {
  const served = { fetch: app.fetch, hostname: host, port };
  if (tls === undefined) return serve(served, onListening);
  const serverOptions = { ...tls.serverOptions(), handshakeTimeout: handshakeMsMax };
  const server = serve({ ...served, createServer, serverOptions }, onListening);
  if ('setSecureContext' in server) {
    const stop = tls.onRenewed(() => server.setSecureContext(tls.serverOptions()));
    server.once('close', stop);
  }
  return server;
};

/** Listens on 127.0.0.1 or the given host; resolves once the port is bound, rejects with the system's code. */
export const serveRest = (app: Hono, listen: RestListen): Promise<{ close(): Promise<void> }> =>
  new Promise((resolve, reject) => {
    const server = openServer(app, listen, () => {
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
