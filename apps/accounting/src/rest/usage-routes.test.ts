import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { type RestBench, startRestBench } from '../testing/rest-bench.contract.js';
import { sampleTelemetry } from '../testing/samples.contract.js';
import { usageSchema } from './usage-json.js';

let bench: RestBench;
const orgId: OrgId = newUuidV7();
const [keyOne, keyTwo, group] = [newUuidV7(), newUuidV7(), newUuidV7()];
const at = (text: string) => newUuidV7(Date.parse(text));
const rows = [
  sampleTelemetry({ insightId: at('2026-11-01T10:15:00Z'), orgId, apiKeyId: keyOne, groupId: group }),
  sampleTelemetry({ insightId: at('2026-11-01T10:45:00Z'), orgId, apiKeyId: keyTwo, byok: true, extras: [] }),
  sampleTelemetry({
    insightId: at('2026-11-02T23:59:59Z'),
    orgId,
    apiKeyId: keyOne,
    groupId: group,
    endpoint: 'embeddings',
  }),
  sampleTelemetry({
    insightId: at('2026-12-01T00:00:00Z'),
    orgId,
    apiKeyId: keyOne,
    userId: '',
    costProviderNanos: 9_007_199_254_740_991n,
    costRouterNanos: 9_007_199_254_740_991n,
  }),
  sampleTelemetry({ insightId: at('2026-11-01T10:15:00Z'), apiKeyId: keyOne }),
];
const admin = { role: 'admin', orgId } as const;
const november = 'start=2026-11-01T00:00:00Z&end=2026-12-01T00:00:00Z';
type Usage = Record<string, Record<string, unknown> & { grouped_data: Record<string, unknown>[] }>;
const usage = async (reader: Parameters<RestBench['as']>[0], path: string): Promise<Usage> => {
  const response = await bench.as(reader, path);
  expect(response.status).toBe(200);
  const json = await response.json();
  expect(usageSchema.safeParse(json).success).toBe(true);
  return (json as { usage: Usage }).usage;
};
const statusOf = async (reader: Parameters<RestBench['as']>[0], path: string) =>
  (await bench.as(reader, path)).status;

beforeAll(async () => {
  bench = await startRestBench();
  await bench.openOrg(orgId);
  await bench.pools.control`select ingest.put_api_key(${keyOne}, ${orgId}, ${group}, false, 1)`;
  await bench.pools.control`select ingest.put_api_key(${keyTwo}, ${orgId}, null, false, 1)`;
  await bench.store(...rows);
}, 60_000);
afterAll(() => bench?.stop());

describe('usage', () => {
  it('sums by day, month and hour', async () => {
    const days = await usage(admin, `/v1/manage/org/usage?${november}`);
    expect(Object.keys(days)).toEqual(['2026-11-01', '2026-11-02']);
    expect(days['2026-11-01']).toEqual({
      completions_requests: 2,
      embedding_requests: 0,
      image_requests: 0,
      speech_requests: 0,
      transcription_requests: 0,
      total_requests: 2,
      spend: '0.000002000',
      spend_nanos: '2000',
      cost_provider: '0.000246912',
      cost_provider_nanos: '246912',
      input_tokens: 24,
      output_tokens: 68,
      total_tokens: 92,
      grouped_data: [],
    });
    expect(days['2026-11-02']).toMatchObject({ completions_requests: 0, embedding_requests: 1 });
    const months = await usage(
      admin,
      '/v1/manage/org/usage?start=2026-10-01T00:00:00Z&end=2026-12-31T00:00:00Z&resolution=month',
    );
    expect(Object.keys(months)).toEqual(['2026-11', '2026-12']);
    expect(months['2026-12']?.spend_nanos).toBe('9007199254740991');
    expect(months['2026-12']?.spend).toBe('9007199.254740991');
    const hours = await usage(admin, `/v1/manage/org/usage?${november}&resolution=hour`);
    expect(Object.keys(hours)).toEqual(['2026-11-01T10:00:00Z', '2026-11-02T23:00:00Z']);
  });

  it('groups by the closed list and by an extra', async () => {
    const grouped = await usage(
      admin,
      `/v1/manage/org/usage?${november}&resolution=month&group_by[]=api_key_id&group_by[]=is_byok&group_by[]=extra.tier`,
    );
    const values = grouped['2026-11']?.grouped_data.map((each) => [
      each.group_by_values,
      each.total_requests,
    ]);
    expect(values).toHaveLength(2);
    expect(values).toEqual(
      expect.arrayContaining([
        [{ api_key_id: keyOne, is_byok: 'false', 'extra.tier': 'gold' }, 2],
        [{ api_key_id: keyTwo, is_byok: 'true', 'extra.tier': null }, 1],
      ]),
    );
  });

  it('of one key, for who may read it', async () => {
    const path = `/v1/manage/apikey/${keyOne}/usage?${november}&resolution=month`;
    const member = { role: 'member', orgId, ownApiKeyIds: [keyOne] } as const;
    for (const reader of [admin, member, { role: 'member', orgId, adminGroupIds: [group] } as const])
      expect((await usage(reader, path))['2026-11']?.total_requests).toBe(2);
    expect(await statusOf({ role: 'member', orgId, ownApiKeyIds: [keyTwo] }, path)).toBe(404);
    expect(await statusOf({ role: 'admin', orgId: newUuidV7() }, path)).toBe(404);
    expect(await statusOf(admin, `/v1/manage/apikey/${newUuidV7()}/usage?${november}`)).toBe(404);
  });

  it('covers what a member may read and nothing else', async () => {
    const member = { role: 'member', orgId, ownApiKeyIds: [keyTwo] } as const;
    const months = await usage(member, `/v1/manage/org/usage?${november}&resolution=month`);
    expect(months['2026-11']?.total_requests).toBe(1);
    expect(await statusOf({ role: 'operator' }, `/v1/manage/org/usage?${november}`)).toBe(403);
  });
});

describe('a usage request', () => {
  it.each([
    ['', 'start', 'missing_field'],
    ['start=2026-11-01', 'start', 'invalid_value'],
    [`${november}&resolution=year`, 'resolution', 'invalid_value'],
    [`${november}&group_by[]=origin_title`, 'group_by[]', 'invalid_value'],
    [`${november}&group_by[]=extra.`, 'group_by[]', 'invalid_value'],
    [`${november}&group_by[]=user_id&group_by[]=user_id`, 'group_by[]', 'invalid_value'],
    ['start=2026-11-02T00:00:00Z&end=2026-11-01T00:00:00Z', 'end', 'invalid_value'],
    ['start=2026-01-01T00:00:00Z&end=2026-11-01T00:00:00Z', 'end', 'invalid_value'],
  ])('refuses ?%s by naming %s', async (query, param, code) => {
    const response = await bench.as(admin, `/v1/manage/org/usage?${query}`);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { param: string; code: string } };
    expect([error.param, error.code]).toEqual([param, code]);
  });
});

describe('the export', () => {
  const path = `/v1/manage/org/usage/export?${november}&group_by[]=model_used`;

  it('is CSV, and an audit event', async () => {
    const response = await bench.as(admin, path);
    expect(response.headers.get('content-type')).toContain('text/csv');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const lines = (await response.text()).split('\r\n');
    expect(lines[0]).toMatch(/^period,model_used,completions_requests,/);
    expect(lines[1]).toMatch(/^2026-11-01,sim\/echo@eu,2,/);
    expect((await bench.queued()).at(-1)).toContain('usage.exported');
  });

  it('is for admins and auditors, and shows nothing when it cannot be put on record', async () => {
    expect(await statusOf({ role: 'auditor', orgId }, path)).toBe(200);
    const before = (await bench.queued()).length;
    expect(await statusOf({ role: 'member', orgId, ownApiKeyIds: [keyOne] }, path)).toBe(403);
    expect(await statusOf({ role: 'operator' }, path)).toBe(403);
    const refused = (await bench.queued()).slice(before).map((text) => JSON.parse(text));
    expect(
      refused.map(({ type, subject, partitionkey, data }) => [
        ...[type, subject, partitionkey, data.status_id, data.unmapped.refusal, data.actor.user.type],
      ]),
    ).toEqual([
      ['ai.lethe.audit.usage.exported.v1', `usage/${orgId}`, orgId, 2, 'caller.forbidden', 'member'],
      ['ai.lethe.audit.usage.exported.v1', 'usage/unknown', undefined, 2, 'caller.forbidden', 'operator'],
    ]);
    bench.queueFails = true;
    try {
      expect(await statusOf(admin, path)).toBe(503);
    } finally {
      bench.queueFails = false;
    }
  });

  it('hands no formula to a spreadsheet', async () => {
    const formulaOrg = newUuidV7();
    await bench.store(
      sampleTelemetry({ insightId: at('2026-11-03T00:00:00Z'), orgId: formulaOrg, modelUsed: '@SUM' }),
      sampleTelemetry({ insightId: at('2026-11-03T00:00:00Z'), orgId: formulaOrg, modelUsed: '-2-3' }),
    );
    const text = await (await bench.as({ role: 'admin', orgId: formulaOrg }, path)).text();
    expect(text).toContain(",'@SUM,");
    expect(text).toContain(",'-2-3,");
  });
});
