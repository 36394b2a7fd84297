import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkAnswer } from '../testing/answers.contract.js';
import { startWorld, type World } from '../testing/world.contract.js';

const houseRoutes = ['/healthz', '/readyz', '/metrics', '/openapi.json'];

interface Operation {
  readonly security: readonly unknown[];
  readonly responses: Readonly<Record<string, { readonly content?: unknown }>>;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: unknown } } };
}

describe('the OpenAPI document', () => {
  let world: World;
  let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  beforeAll(async () => {
    world = await startWorld();
    paths = (await world.call('GET', '/openapi.json')).body.paths as typeof paths;
  });
  afterAll(() => world.close());

  const described = (): string[] =>
    Object.entries(paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .sort();

  const registered = (app = world.replica.app): string[] =>
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && !houseRoutes.includes(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .sort();

  it('describes every route there is, and no other', () => {
    expect(registered().length).toBeGreaterThan(30);
    expect(described()).toEqual([...new Set(registered())]);
  });

  it('would be short of a route that has no description', () => {
    const { app } = world.addReplica();
    app.get('/v1/manage/undescribed', (c) => c.json({}));
    expect(described()).not.toContain('GET /v1/manage/undescribed');
    expect(registered(app)).toContain('GET /v1/manage/undescribed');
  });

  it('says for every route who may call it, and what each error looks like', () => {
    for (const methods of Object.values(paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.security).toHaveLength(1);
        for (const status of ['400', '401', '403', '503'])
          expect(operation.responses[status]?.content).toBeDefined();
      }
    }
  });

  it('is what the answers of these tests are held against: another status or field is an error', async () => {
    const check = (status: number, body: unknown) =>
      checkAnswer(world.replica.deps, 'GET', '/v1/manage/org/zdr', Response.json(body, { status }));
    const good = {
      ...{ state: 'off', version: null, zdr_enabled_at: null, effective_at: null, audit: null },
      ...{
        routers: { acknowledged: null, lapsed: null },
        barrier: null,
        history: null,
        keys_forced_off: null,
      },
    };
    await expect(check(200, good)).resolves.toMatchObject({ status: 200 });
    await expect(check(200, { ...good, extra: 1 })).rejects.toThrow();
    await expect(check(200, { state: 'off' })).rejects.toThrow();
    await expect(check(403, good)).rejects.toThrow();
    await expect(check(418, good)).rejects.toThrow('does not describe status 418');
  });

  it('closes every body: unknown fields are refused', () => {
    const bodies = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ requestBody }) => requestBody?.content['application/json'].schema ?? []);
    expect(bodies.length).toBeGreaterThan(15);
    for (const schema of bodies)
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('has health, readiness and metrics beside it', async () => {
    expect((await world.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await world.call('GET', '/readyz')).body).toEqual({ status: 'ready' });
    expect((await world.replica.app.request('/metrics')).status).toBe(200);
  });

  it('is not ready without the database', async () => {
    await world.postgres.kill();
    expect((await world.call('GET', '/readyz')).status).toBe(503);
    const { status, error } = await world.call('GET', '/v1/auth/check', { token: 'lethe_mgmt_x' });
    expect([status, error?.code]).toEqual([503, 'unavailable']);
    await world.postgres.restart();
  });
});
