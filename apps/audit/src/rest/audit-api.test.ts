import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AuditEventInput, newUuidV7 } from '@lethe/contracts';
import { createLogger, createMetrics, LetheError } from '@lethe/service-kit';
import { readAppendableEvent } from '../append/read-event.js';
import { sequenceEvent } from '../sequence/sequence-event.js';
import { type AuditDatabase, openAuditDatabase } from '../store/database.js';
import { isStoreReady } from '../store/is-store-ready.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { sampleRequest } from '../testing/sample-events.contract.js';
import { createAuditApi } from './audit-api.js';

jest.setTimeout(60_000);

const mine = newUuidV7();
const theirs = newUuidV7();
const admin = newUuidV7();
const readers = {
  'Bearer mine': { orgId: mine },
  'Bearer theirs': { orgId: theirs },
  'Bearer ops': 'all',
} as const;

let server: TestAuditDatabase;
let database: AuditDatabase;
let api: ReturnType<typeof createAuditApi>;
const lines: string[] = [];
const ids: string[] = [];

const append = async (over: Partial<AuditEventInput>): Promise<string> => {
  const read = readAppendableEvent(sampleRequest(over));
  if ('refusal' in read) throw new Error('a sample is refused');
  await sequenceEvent(database, read.event);
  return read.event.eventId;
};

beforeAll(async () => {
  server = await startAuditDatabase();
  database = openAuditDatabase(server.url);
  api = createAuditApi({
    database,
    readerOf: async (authorization) => {
      const reader = readers[authorization as keyof typeof readers];
      if (reader === undefined) throw new LetheError('caller.invalid_token');
      return reader;
    },
    ready: () => isStoreReady(database),
    registry: createMetrics('audit'),
    log: createLogger('audit', (line) => lines.push(line)),
  });
  for (let i = 0; i < 5; i++)
    ids.push(
      await append({ orgId: mine, actor: { kind: 'admin', id: admin }, timeMs: 1_795_287_600_000 + i }),
    );
  ids.push(await append({ orgId: mine, type: 'zdr.enabled', target: { kind: 'organization', id: mine } }));
  ids.push(await append({ orgId: theirs, type: 'change.refused', outcome: 'refused' }));
  ids.push(await append({ orgId: undefined, type: 'org.created' }));
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

interface Page {
  readonly data: { readonly index: number; readonly event: { readonly id: string; readonly type: string } }[];
  readonly next_cursor: string | null;
}
const get = (path: string, token = 'ops') =>
  Promise.resolve(api.request(path, { headers: { authorization: `Bearer ${token}` } }));
const list = async (query: string, token = 'ops'): Promise<Page> => {
  const response = await get(`/v1/audit/events${query}`, token);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
};
const idsOf = (page: Page): string[] => page.data.map(({ event }) => event.id);
const errorOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { error: object }).error,
});

describe('listing', () => {
  it('shows the operator everything, newest first, and an organization its own', async () => {
    expect(idsOf(await list(''))).toEqual([...ids].reverse());
    expect(idsOf(await list('', 'mine'))).toEqual(ids.slice(0, 6).reverse());
    expect(idsOf(await list('', 'theirs'))).toEqual([ids[6]]);
  });

  it('gives the event byte for byte as it was appended', async () => {
    const response = await get(`/v1/audit/events/${ids[0]}`, 'mine');
    const [row] = await server.superuser<{ body: Buffer }[]>`
      select body from audit.event where event_id = ${ids[0] ?? ''}`;
    expect(await response.text()).toBe(`{"index":0,"event":${row?.body.toString()}}`);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('pages by cursor', async () => {
    const first = await list('?limit=4', 'mine');
    const second = await list(`?limit=4&cursor=${first.next_cursor}`, 'mine');
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.slice(0, 6).reverse());
    expect(second.next_cursor).toBeNull();
    expect((await list('?limit=6', 'mine')).next_cursor).toBeNull();
  });

  it.each([
    ['?type=zdr.enabled', [5]],
    ['?type=ai.lethe.audit.zdr.enabled.v1', [5]],
    ['?outcome=refused', [6]],
    [`?actor=${admin}`, [4, 3, 2, 1, 0]],
    [`?target=${mine}`, [5]],
    [`?target=organization/${mine}`, [5]],
    [`?target=user/${mine}`, []],
    ['?from=2026-11-21T19:00:00.003Z&to=2026-11-21T19:00:00.100Z', [4, 3]],
    ['?to=2026-11-21T20:00:00.002%2B01:00', [1, 0]],
  ])('narrows by %s', async (query, expected) => {
    expect(idsOf(await list(query))).toEqual(expected.map((i) => ids[i]));
  });

  it.each([
    ['?from=yesterday-canary', 'from'],
    ['?type=canary', 'type'],
    ['?actor=canary%20text', 'actor'],
    ['?target=canary%20text', 'target'],
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?cursor=canary', 'cursor'],
    ['?outcome=canary', 'outcome'],
  ])('refuses %s and quotes nothing', async (query, param) => {
    const response = await get(`/v1/audit/events${query}`);
    const text = await response.clone().text();
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param,
      origin: 'audit',
    });
    expect(text).not.toContain('canary');
  });
});

describe('who may read', () => {
  it('needs a token', async () => {
    const response = await Promise.resolve(api.request('/v1/audit/events'));
    expect(await errorOf(response)).toMatchObject({ status: 401, code: 'invalid_token' });
  });

  it('does not tell a foreign event from one that does not exist', async () => {
    const foreign = await errorOf(await get(`/v1/audit/events/${ids[6]}`, 'mine'));
    expect(foreign).toEqual(await errorOf(await get(`/v1/audit/events/${newUuidV7()}`, 'mine')));
    expect(foreign).toMatchObject({ status: 404, code: 'not_found' });
    expect((await get(`/v1/audit/events/${ids[6]}`, 'theirs')).status).toBe(200);
  });

  it('says that proofs are not offered yet', async () => {
    expect(await errorOf(await get(`/v1/audit/events/${ids[0]}/proof`, 'mine'))).toMatchObject({
      status: 501,
      code: 'not_implemented',
    });
    expect((await get(`/v1/audit/events/${ids[6]}/proof`, 'mine')).status).toBe(404);
  });
});

describe('what is around it', () => {
  it('describes itself and its events', async () => {
    const document = (await (await get('/openapi.json')).json()) as { paths: object };
    expect(Object.keys(document.paths).sort()).toEqual([
      '/v1/audit/events',
      '/v1/audit/events/{event_id}',
      '/v1/audit/events/{event_id}/proof',
      '/v1/audit/schema',
    ]);
    const schema = (await (await get('/v1/audit/schema')).json()) as Record<string, unknown>;
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schema.required).toContain('datacontenttype');
  });

  it('is ready with its database, and says so when that is away', async () => {
    expect((await get('/readyz')).status).toBe(200);
    const away = openAuditDatabase(server.url.replace(/audit$/, 'nowhere'));
    expect(await isStoreReady(away)).toBe(false);
    await away.close();
  });

  it('answers 503 without a word of the database when a read fails', async () => {
    await server.superuser`revoke select on audit.leaf from lethe_audit_append`;
    const response = await get('/v1/audit/events');
    await server.superuser`grant select on audit.leaf to lethe_audit_append`;
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'unavailable' });
    expect(lines.join('')).toContain('42501');
    expect(lines.join('')).not.toContain('permission denied');
  });
});
