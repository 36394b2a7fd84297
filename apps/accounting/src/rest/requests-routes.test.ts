import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId, type Telemetry } from '@lethe/contracts';
import postgres from 'postgres';
import { type RestBench, startRestBench, testDigests } from '../testing/rest-bench.contract.js';
import { sampleTelemetry, type TransitPublic } from '../testing/samples.contract.js';
import { telemetrySchema } from './telemetry-json.js';

let bench: RestBench;
const orgA: OrgId = newUuidV7();
const orgB: OrgId = newUuidV7();
const [ownKey, groupKey, otherKey, keyOfB] = [newUuidV7(), newUuidV7(), newUuidV7(), newUuidV7()];
const group = newUuidV7();
const minute = (n: number) => Date.UTC(2026, 10, 10, 12, n);
const row = (n: number, change: Partial<Telemetry>) =>
  sampleTelemetry({ insightId: newUuidV7(minute(n)), occurredAtMs: minute(n), orgId: orgA, ...change });
const own = row(1, {
  apiKeyId: ownKey,
  tags: ['NULL', 'a.b:c-d_e'],
  extras: [
    { key: 'tier', value: 'gold' },
    { key: 'empty', value: '' },
    { key: '__proto__', value: 'x' },
  ],
});
const inGroup = row(2, { apiKeyId: groupKey, groupId: group, statusCode: 429, modelUsed: '' });
const other = row(3, { apiKeyId: otherKey, modelRequested: 'openai/gpt-4o', statusCode: 500 });
const foreign = row(4, { orgId: orgB, apiKeyId: keyOfB });
const unrecognised = sampleTelemetry({
  insightId: newUuidV7(minute(5)),
  orgId: undefined,
  apiKeyId: undefined,
  retentionDecision: 'none',
  statusCode: 401,
});
let to: TransitPublic;

const admin = { role: 'admin', orgId: orgA } as const;
const auditor = { role: 'auditor', orgId: orgA } as const;
const member = { role: 'member', orgId: orgA, ownApiKeyIds: [ownKey] } as const;
const groupAdmin = { role: 'member', orgId: orgA, adminGroupIds: [group] } as const;
const newcomer = { role: 'member', orgId: orgA } as const;
const adminOfB = { role: 'admin', orgId: orgB } as const;
const operator = { role: 'operator' } as const;

const listed = async (reader: Parameters<RestBench['as']>[0], query = '') => {
  const response = await bench.as(reader, `/v1/requests${query}`);
  expect(response.status).toBe(200);
  const page = (await response.json()) as { data: { insight_id: string }[]; next_cursor: string | null };
  return page.data.map((each) => each.insight_id);
};
const found = async (reader: Parameters<RestBench['as']>[0], id: string) => {
  const response = await bench.as(reader, `/v1/requests/${id}`);
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};

beforeAll(async () => {
  bench = await startRestBench();
  to = await bench.openOrg(orgA);
  await bench.store(own, inGroup, other, foreign, unrecognised);
  for (const each of [own, inGroup, other]) await bench.attach(each, to, `said in ${each.insightId}`);
}, 60_000);
afterAll(() => bench?.stop());

describe('who may read which requests', () => {
  it('admins and auditors the organization’s, newest first', async () => {
    const all = [other, inGroup, own].map((each) => each.insightId);
    expect(await listed(admin)).toEqual(all);
    expect(await listed(auditor)).toEqual(all);
  });

  it('members their own keys’, group admins their group’s', async () => {
    expect(await listed(member)).toEqual([own.insightId]);
    expect(await listed(groupAdmin)).toEqual([inGroup.insightId]);
    expect(await listed({ ...member, adminGroupIds: [group] })).toEqual([inGroup.insightId, own.insightId]);
    expect(await listed(newcomer)).toEqual([]);
    expect((await found(member, own.insightId)).status).toBe(200);
    expect((await found(member, other.insightId)).status).toBe(404);
    expect((await found(groupAdmin, own.insightId)).status).toBe(404);
  });

  it('another organization’s token nothing, whatever filter is forged', async () => {
    expect(await listed(adminOfB)).toEqual([foreign.insightId]);
    expect(await listed(adminOfB, `?key=${ownKey}`)).toEqual([]);
    expect((await found(adminOfB, own.insightId)).status).toBe(404);
    for (const forged of [`org_id=${orgA}`, `org=${orgA}`]) {
      const response = await bench.as(adminOfB, `/v1/requests?${forged}`);
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain(orgA);
    }
  });

  it('the operator only those of which no key was recognised, and nobody else those', async () => {
    expect(await listed(operator)).toEqual([unrecognised.insightId]);
    expect((await found(operator, unrecognised.insightId)).json.payload).toBeNull();
    expect((await found(operator, own.insightId)).status).toBe(404);
    for (const reader of [admin, auditor, member, adminOfB])
      expect((await found(reader, unrecognised.insightId)).status).toBe(404);
  });

  it('nobody anything without a token', async () => {
    for (const path of [
      '/v1/requests',
      `/v1/requests/${own.insightId}`,
      '/v1/requests?limit=bad',
      '/v1/operator/ingest',
      '/v1/manage/org/usage',
    ])
      expect((await bench.as(undefined, path)).status).toBe(401);
  });
});

describe('opening a payload', () => {
  const opened = (id: string) => ({
    messages: [{ role: 'user', content: `said in ${id}` }],
    choices: [{ index: 0, message: { role: 'assistant', content: `said in ${id}` } }],
    tools: [],
    truncated: false,
  });

  it('shows it to the admin, to the member of the key and to the group admin', async () => {
    for (const [reader, each] of [
      [admin, other],
      [member, own],
      [groupAdmin, inGroup],
    ] as const) {
      const { status, json } = await found(reader, each.insightId);
      expect(status).toBe(200);
      expect(json.payload).toEqual(opened(each.insightId));
      expect(json.raw_request).toBeNull();
      expect(telemetrySchema.safeParse(json.telemetry).success).toBe(true);
    }
  });

  const eventsOf = async (ask: () => Promise<unknown>) => {
    const before = (await bench.queued()).length;
    await ask();
    return (await bench.queued()).slice(before).map((text) => JSON.parse(text));
  };

  it('never shows it to an auditor, and the attempt goes on record', async () => {
    const events = await eventsOf(async () => {
      const { status, json } = await found(auditor, own.insightId);
      expect([status, json.payload]).toEqual([200, null]);
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: 'ai.lethe.audit.payload.opened.v1',
      subject: `insight/${own.insightId}`,
      partitionkey: orgA,
      data: {
        status_id: 2,
        actor: { user: { type: 'auditor' } },
        unmapped: {
          refusal: 'caller.forbidden',
          after: { api_key_id: ownKey },
          actor_email_digest: testDigests.emailDigest,
          source_ip_digest: testDigests.ipDigest,
        },
      },
    });
    expect(bench.addresses.at(-1)).toBe('203.0.113.9');
  });

  it('is refused on record to a member who has no part in the key; to those who may, there is no refusal', async () => {
    for (const [reader, each] of [
      [member, other],
      [groupAdmin, own],
      [newcomer, own],
    ] as const) {
      const [event, ...rest] = await eventsOf(async () =>
        expect((await found(reader, each.insightId)).status).toBe(404),
      );
      expect([event?.type, event?.data.unmapped.refusal, rest]).toEqual([
        'ai.lethe.audit.payload.opened.v1',
        'caller.not_found',
        [],
      ]);
      expect(event?.data.unmapped.after).toEqual({ api_key_id: each.apiKeyId });
    }
    const opened = await eventsOf(() => found(member, own.insightId));
    expect(opened.map(({ data }) => [data.status_id, data.unmapped.refusal])).toEqual([[1, undefined]]);
  });

  it('is no event where there is no payload that this organization could open', async () => {
    expect(await eventsOf(() => found(admin, newUuidV7()))).toEqual([]);
    expect(await eventsOf(() => found(member, newUuidV7()))).toEqual([]);
    expect(await eventsOf(() => found(adminOfB, own.insightId))).toEqual([]);
    expect(await eventsOf(() => found(operator, own.insightId))).toEqual([]);
  });

  it('is refused to nobody when that cannot be put on record: the answer is an error', async () => {
    bench.queueFails = true;
    try {
      expect((await found(auditor, own.insightId)).status).toBe(503);
      expect((await found(member, other.insightId)).status).toBe(503);
    } finally {
      bench.queueFails = false;
    }
  });

  it('is an audit event that is durable before anything is shown', async () => {
    const before = (await bench.queued()).length;
    await found(admin, own.insightId);
    const events = (await bench.queued()).slice(before);
    expect(events).toHaveLength(1);
    expect(events[0]).toContain('payload.opened');
    expect(events[0]).toContain(own.insightId);
    expect(events[0]).not.toContain('said in');
    bench.queueFails = true;
    try {
      const { status, json } = await found(admin, own.insightId);
      expect(status).toBe(503);
      expect(JSON.stringify(json)).not.toContain('said in');
    } finally {
      bench.queueFails = false;
    }
  });

  it('shows none where telemetry does not say payload, although it is stored', async () => {
    const silent = row(6, {
      apiKeyId: ownKey,
      retentionDecision: 'telemetry',
      retentionReason: 'logging_off',
    });
    await bench.store(silent);
    await bench.attach(silent, to, 'must not be shown');
    expect(
      await bench.db.sql`select 1 from payload.item where insight_id = ${silent.insightId}`,
    ).toHaveLength(1);
    const { status, json } = await found(admin, silent.insightId);
    expect([status, json.payload]).toEqual([200, null]);
  });
});

describe('the list', () => {
  it('pages without gaps or repeats', async () => {
    const orgId = newUuidV7();
    const rows = Array.from({ length: 7 }, (_, n) => row(n, { orgId }));
    await bench.store(...rows);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = `?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`;
      const response = await bench.as({ role: 'admin', orgId }, `/v1/requests${query}`);
      const page = (await response.json()) as { data: { insight_id: string }[]; next_cursor: string | null };
      expect(page.data.length).toBeLessThanOrEqual(3);
      seen.push(...page.data.map((each) => each.insight_id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(rows.map((each) => each.insightId).reverse());
  });

  it('filters by key, model, time and status', async () => {
    const at = (n: number) => encodeURIComponent(new Date(minute(n)).toISOString());
    expect(await listed(admin, `?key=${groupKey}`)).toEqual([inGroup.insightId]);
    expect(await listed(admin, '?model=openai/gpt-4o')).toEqual([other.insightId]);
    expect(await listed(admin, '?model=sim/echo@eu&status=500')).toEqual([other.insightId]);
    expect(await listed(admin, '?status=4xx')).toEqual([inGroup.insightId]);
    expect(await listed(admin, '?status=500')).toEqual([other.insightId]);
    expect(await listed(admin, `?from=${at(2)}&to=${at(3)}`)).toEqual([inGroup.insightId]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=short', 'cursor'],
    ['key=nobody', 'key'],
    ['model=%00', 'model'],
    ['from=yesterday', 'from'],
    ['to=2026-11-10', 'to'],
    ['status=6xx', 'status'],
    ['unheard_of=1', null],
  ])('refuses ?%s by naming the parameter', async (query, param) => {
    const response = await bench.as(admin, `/v1/requests?${query}`);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { param: string | null; origin: string } };
    expect([error.param, error.origin]).toEqual([param, 'accounting']);
  });

  it('carries every field of telemetry', async () => {
    const { json } = await found(admin, own.insightId);
    expect(json.telemetry).toMatchObject({
      request_id: own.insightId,
      occurred_at: new Date(minute(1)).toISOString(),
      tags: ['NULL', 'a.b:c-d_e'],
      cost_provider_nanos: '123456',
      cost_provider: '0.000123456',
      policy_version: '9',
      tokens_reasoning: 3,
      retention_decision: 'payload',
    });
    const { extras } = json.telemetry as { extras: Record<string, string> };
    expect(Object.entries(extras)).toEqual([
      ['tier', 'gold'],
      ['empty', ''],
      ['__proto__', 'x'],
    ]);
  });
});

describe('row-level security', () => {
  it('shows no rows when nobody is named, an empty name or a stranger’s', async () => {
    const read = postgres(bench.db.urls.read, { max: 1 });
    try {
      const count = async (tx: postgres.Sql | postgres.TransactionSql) =>
        Number((await tx`select count(*) as n from usage.event`)[0]?.n) +
        Number((await tx`select count(*) as n from payload.readable`)[0]?.n) +
        Number((await tx`select count(*) as n from ingest.at_rest_key`)[0]?.n);
      expect(await count(read)).toBe(0);
      for (const [setting, rows] of [
        ['', 0],
        [newUuidV7(), 0],
        [orgA, 3 + 3 + 1],
      ] as const) {
        const seen = await read.begin(async (tx) => {
          await tx`select set_config('app.org_id', ${setting}, true)`;
          return count(tx);
        });
        if (rows === 0) expect(seen).toBe(0);
        else expect(seen).toBeGreaterThanOrEqual(rows);
      }
      // The setting ended with its transaction, although the connection is the same.
      expect(await count(read)).toBe(0);
    } finally {
      await read.end({ timeout: 1 });
    }
  });
});
