import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { errorBody } from '@lethe/contracts';
import { Hono } from 'hono';
import { createMetrics } from '../process/metrics.js';
import { LetheError } from '../safe/errors.js';
import { createLogger } from '../safe/log.js';
import { serveRest, withHouseRoutes } from './rest-app.js';

const canary = 'CANARY-7f1f';
const appOf = (ready: () => boolean | Promise<boolean> = () => true) => {
  const lines: string[] = [];
  const app = withHouseRoutes(new Hono(), {
    origin: 'audit',
    log: createLogger('audit', (line) => lines.push(line)),
    metrics: createMetrics('audit'),
    ready,
  });
  app.get('/refused', () => {
    throw new LetheError('org_policy.zdr_irrevocable', 'logging');
  });
  app.get('/broken', () => {
    throw Object.assign(new Error(canary), { code: '23505', query: canary });
  });
  app.get('/cached', (c) => c.text('x', 200, { 'cache-control': 'max-age=60' }));
  app.post('/bytes', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
  return { app, lines };
};
const limit = 256 * 1024;

describe('a face of the control plane', () => {
  it('says whether it lives and whether it can work', async () => {
    const { app } = appOf();
    expect([(await app.request('/healthz')).status, (await app.request('/readyz')).status]).toEqual([
      200, 200,
    ]);
    for (const ready of [() => false, async () => false]) {
      const answer = await appOf(ready).app.request('/readyz');
      expect([answer.status, await answer.json()]).toEqual([503, { status: 'not_ready' }]);
      expect((await appOf(ready).app.request('/healthz')).status).toBe(200);
    }
  });

  it('shows its figures for Prometheus', async () => {
    const answer = await appOf().app.request('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    expect(await answer.text()).toMatch(/process_cpu_seconds_total\{service="audit"\} \d/);
  });

  it('is not to be cached, unless a route says otherwise', async () => {
    const { app } = appOf();
    for (const path of ['/healthz', '/nothing', '/refused', '/broken'])
      expect((await app.request(path)).headers.get('cache-control')).toBe('no-store');
    expect((await app.request('/cached')).headers.get('cache-control')).toBe('max-age=60');
  });
});

describe('its errors', () => {
  it('have one shape', async () => {
    const { app, lines } = appOf();
    const answer = async (path: string) => {
      const got = await app.request(path);
      return [got.status, await got.json()];
    };
    expect(await answer(`/${canary}`)).toEqual([404, errorBody('caller.not_found', 'audit')]);
    expect(await answer('/refused')).toEqual([
      403,
      errorBody('org_policy.zdr_irrevocable', 'audit', 'logging'),
    ]);
    expect(lines).toEqual([]);
  });

  it('say nothing of what broke, in the answer or in the log', async () => {
    const { app, lines } = appOf();
    const answer = await app.request('/broken');
    const text = await answer.text();
    expect([answer.status, JSON.parse(text)]).toEqual([500, errorBody('gateway.internal', 'audit')]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'rest.failed',
      error: { name: 'Error', code: '23505' },
    });
    expect(text + lines.join('')).not.toContain('CANARY');
  });
});

describe('its bodies', () => {
  const post = (app: Hono, body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) =>
    app.request('/bytes', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

  it('are bounded, said to be too long or found to be', async () => {
    const { app } = appOf();
    const over = errorBody('caller.body_too_large', 'audit');
    const fits = await post(app, 'x'.repeat(limit), { 'content-length': String(limit) });
    expect([fits.status, await fits.json()]).toEqual([200, { bytes: limit }]);
    const said = await post(app, 'x', { 'content-length': String(limit + 1) });
    expect([said.status, await said.json()]).toEqual([413, over]);
    const chunks = (count: number): ReadableStream<Uint8Array> => {
      let left = count;
      return new ReadableStream({
        pull: (controller) => {
          if (left-- > 0) controller.enqueue(new Uint8Array(64 * 1024));
          else controller.close();
        },
      });
    };
    const found = await post(app, chunks(5));
    expect([found.status, await found.json()]).toEqual([413, over]);
    expect((await post(app, chunks(4))).status).toBe(200);
  });
});

describe('listening', () => {
  const freePort = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    return port;
  };

  it('resolves once the port answers; close ends it, kept connections too', async () => {
    const port = await freePort();
    const server = await serveRest(appOf().app, { host: '127.0.0.1', port });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    await server.close();
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  it('rejects where the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as AddressInfo;
    await expect(serveRest(appOf().app, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await new Promise((closed) => taken.close(closed));
  });
});
