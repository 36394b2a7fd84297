import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AuditEventInput, newUuidV7 } from '@lethe/contracts';
import { verifyProof } from '@lethe/transparency-log';
import { testSigner } from '../testing/running-log.contract.js';
import { type RestBench, startRestBench } from './rest-bench.contract.js';

jest.setTimeout(90_000);

const actorId = newUuidV7();
let bench: RestBench;
let orgId: string;
const ids: string[] = [];

const append = async (over: Partial<AuditEventInput>): Promise<void> => {
  ids.push((await bench.log.append(over)).event.eventId);
};

beforeAll(async () => {
  bench = await startRestBench();
  const { mine, theirs } = bench;
  orgId = mine;
  for (let i = 0; i < 5; i++)
    await append({ orgId: mine, actor: { kind: 'admin', id: actorId }, timeMs: 1_795_287_600_000 + i });
  await append({ orgId: mine, type: 'zdr.enabled' });
  await append({ orgId: theirs, type: 'change.refused' });
  await append({ orgId: undefined });
});
afterAll(() => bench.stop());

interface Page {
  readonly data: { readonly index: number; readonly event: { readonly id: string; readonly type: string } }[];
  readonly next_cursor: string | null;
}
const get = (path: string, as = 'ops') => bench.get(path, as);
const list = async (query: string, as = 'ops'): Promise<Page> => {
  const response = await get(`/v1/audit/events${query}`, as);
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
    expect(idsOf(await list('', 'auditor'))).toEqual(ids.slice(0, 6).reverse());
    expect(idsOf(await list('', 'theirs'))).toEqual([ids[6]]);
  });

  it('gives the event byte for byte as it was appended', async () => {
    const response = await get(`/v1/audit/events/${ids[0]}`, 'mine');
    const [row] = await bench.database.superuser<{ body: Buffer }[]>`
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
    [`?actor=${actorId}`, [4, 3, 2, 1, 0]],
    ['?target=ORG', [5]],
    ['?target=organization/ORG', [5]],
    ['?target=user/ORG', []],
    ['?from=2026-11-21T19:00:00.003Z&to=2026-11-21T19:00:00.100Z', [4, 3]],
    ['?to=2026-11-21T20:00:00.002%2B01:00', [1, 0]],
  ])('narrows by %s', async (query, expected) => {
    expect(idsOf(await list(query.replace('ORG', orgId)))).toEqual(expected.map((i) => ids[i]));
  });

  it('narrows by organization, which shows nobody more than before', async () => {
    const { mine, theirs } = bench;
    expect(idsOf(await list(`?org=${mine}`))).toEqual(ids.slice(0, 6).reverse());
    expect(idsOf(await list(`?org=${theirs.toUpperCase()}`))).toEqual([ids[6]]);
    expect(idsOf(await list(`?org=${newUuidV7()}`))).toEqual([]);
    expect(idsOf(await list(`?org=${mine}`, 'mine'))).toEqual(ids.slice(0, 6).reverse());
    expect(idsOf(await list(`?org=${theirs}`, 'mine'))).toEqual([]);
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
    ['?org=canary', 'org'],
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

  it('refuses a filter it does not know, which would show what was not asked for', async () => {
    const response = await get('/v1/audit/events?canary=zdr.enabled');
    expect(await response.clone().text()).not.toContain('canary');
    expect(await errorOf(response)).toMatchObject({ status: 400, code: 'unknown_field' });
  });
});

describe('who may read', () => {
  it('needs a token, and a role that reads', async () => {
    expect(await errorOf(await bench.get('/v1/audit/events'))).toMatchObject({ status: 401 });
    expect(await errorOf(await get('/v1/audit/events', 'someone'))).toMatchObject({ status: 401 });
    for (const path of ['events', `events/${ids[0]}`, `events/${ids[0]}/proof`])
      expect(await errorOf(await get(`/v1/audit/${path}`, 'member'))).toMatchObject({ status: 403 });
  });

  it('does not tell a foreign event from one that does not exist', async () => {
    for (const tail of ['', '/proof']) {
      const foreign = await errorOf(await get(`/v1/audit/events/${ids[6]}${tail}`, 'mine'));
      expect(foreign).toEqual(await errorOf(await get(`/v1/audit/events/${newUuidV7()}${tail}`, 'mine')));
      expect(foreign).toMatchObject({ status: 404, code: 'not_found' });
      expect((await get(`/v1/audit/events/${ids[6]}${tail}`, 'theirs')).status).toBe(200);
    }
  });
});

describe('the proof of an event', () => {
  it('holds for someone who has nothing but it and the key of the log', async () => {
    const response = await get(`/v1/audit/events/${ids[2]}/proof`, 'mine');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; ?charset=utf-8$/i);
    const proof = await response.text();
    const policy = { logVerifierKey: testSigner.verifierKey };
    const verified = verifyProof(proof, policy);
    expect(verified).toMatchObject({ ok: true, index: 2 });
    const event = verified.ok ? JSON.parse(Buffer.from(verified.entry).toString()) : undefined;
    expect(event).toMatchObject({ id: ids[2], partitionkey: orgId });
    // Control: the proof of another event with this event in it does not.
    const extra = /^extra .*$/m.exec(proof)?.[0] ?? '';
    const other = await (await get(`/v1/audit/events/${ids[3]}/proof`, 'mine')).text();
    expect(verifyProof(other.replace(/^extra .*$/m, extra), policy)).toMatchObject({ ok: false });
  });
});

describe('what is around it', () => {
  it('describes itself and its events', async () => {
    const document = (await (await get('/openapi.json')).json()) as { paths: object };
    expect(Object.keys(document.paths).sort()).toEqual([
      '/checkpoint',
      '/tile/entries/{tile}',
      '/tile/{level}/{tile}',
      '/v1/audit/events',
      '/v1/audit/events/{event_id}',
      '/v1/audit/events/{event_id}/proof',
      '/v1/audit/export',
      '/v1/audit/schema',
    ]);
    const response = await bench.get('/v1/audit/schema');
    expect(response.headers.get('content-type')).toBe('application/schema+json');
    expect(await response.json()).toMatchObject({ $id: 'urn:lethe:audit-event:1.1' });
  });

  it('answers 503 without a word of the database when a read fails', async () => {
    await bench.database.superuser`revoke select on audit.leaf from lethe_audit_append`;
    const response = await get('/v1/audit/events');
    await bench.database.superuser`grant select on audit.leaf to lethe_audit_append`;
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'unavailable' });
    expect(bench.said.join('')).toContain('42501');
    expect(bench.said.join('')).not.toContain('permission denied');
  });
});
