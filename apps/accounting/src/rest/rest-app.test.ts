import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { type RestBench, startRestBench } from '../testing/rest-bench.contract.js';

let bench: RestBench;
beforeAll(async () => {
  bench = await startRestBench();
}, 60_000);
afterAll(() => bench?.stop());

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, unknown>; security: unknown[] }>>;
  readonly components: { schemas: Record<string, unknown> };
}

describe('the OpenAPI document', () => {
  it('describes every route, and every route it describes answers', async () => {
    const response = await bench.as(undefined, '/openapi.json');
    expect(response.status).toBe(200);
    const document = (await response.json()) as Document;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/v1/manage/apikey/{id}/usage',
      '/v1/manage/org/usage',
      '/v1/manage/org/usage/export',
      '/v1/operator/ingest',
      '/v1/requests',
      '/v1/requests/{request_id}',
      '/v1/requests/{request_id}/raw',
    ]);
    for (const [path, methods] of Object.entries(document.paths)) {
      expect(Object.keys(methods)).toEqual(['get']);
      expect(methods.get?.security).toEqual([{ managementToken: [] }]);
      // 401, not 404: the route is there.
      expect((await bench.as(undefined, path.replaceAll(/\{\w+\}/g, newUuidV7()))).status).toBe(401);
    }
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Error', 'Ingest', 'Request', 'Telemetry', 'Usage']),
    );
  });

  it('has no reference that leads nowhere', async () => {
    const text = await (await bench.as(undefined, '/openapi.json')).text();
    const document = (await (await bench.as(undefined, '/openapi.json')).json()) as Document;
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      (match) => match[1] as string,
    );
    expect(references.length).toBeGreaterThan(5);
    for (const name of references) expect(document.components.schemas[name]).toBeDefined();
  });
});

describe('the operator’s page', () => {
  it('shows lag, rejects and tripwires to the operator alone', async () => {
    await bench.db.sql`
      insert into usage.ingest_reject (topic, part, record_offset, ordinal, size_bytes, code, hmac)
      values ('lethe.insight.telemetry.v1', 0, 1, 0, 5, 'malformed', ${Buffer.alloc(32)}),
             ('lethe.insight.telemetry.v1', 0, 1, 1, 5, 'malformed', ${Buffer.alloc(32)})`;
    await bench.db.sql`insert into ingest.tripwire values (${newUuidV7()}, 'org_sealed', 0, 4)`;
    await bench.db.sql`insert into ingest.tripwire values (${newUuidV7()}, 'org_sealed', 0, 5)`;
    await bench.db.sql`insert into usage.consumer_offset values ('lethe.insight.telemetry.v1', 0, 12)`;
    const response = await bench.as({ role: 'operator' }, '/v1/operator/ingest');
    expect(await response.json()).toMatchObject({
      topics: [
        {
          topic: 'lethe.insight.telemetry.v1',
          lag_records: 3,
          next_offsets: [{ partition: 0, next_offset: '12' }],
        },
        { topic: 'lethe.insight.payload.v1', lag_records: null, last_batch_age_ms: null, next_offsets: [] },
      ],
      rejects: [{ topic: 'lethe.insight.telemetry.v1', code: 'malformed', records: 2 }],
      tripwires: [{ code: 'org_sealed', records: 9 }],
    });
    for (const role of ['admin', 'member', 'auditor'] as const)
      expect((await bench.as({ role, orgId: newUuidV7() }, '/v1/operator/ingest')).status).toBe(403);
  });
});

describe('a database that is away', () => {
  it('is a 503 without a word of it, and comes back', async () => {
    const admin = { role: 'admin', orgId: newUuidV7() } as const;
    expect((await bench.as(admin, '/v1/requests')).status).toBe(200);
    await bench.db.server.kill();
    const response = await bench.as(admin, '/v1/requests');
    expect(response.status).toBe(503);
    expect(await response.text()).not.toMatch(/select|sock|5432|ECONN/i);
    await bench.db.server.restart();
    let status = 0;
    for (let i = 0; i < 100 && status !== 200; i += 1) {
      status = (await bench.as(admin, '/v1/requests')).status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(200);
    expect(bench.lines.join('')).not.toMatch(/select /i);
  }, 60_000);
});
