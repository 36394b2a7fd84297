import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { RunningService } from '@lethe/service-kit';
import type postgres from 'postgres';
import { type ServiceBench, startServiceBench, until } from './testing/running-service.contract.js';
import { sampleTelemetry, sealedSample } from './testing/samples.contract.js';

const canary = 'CANARY-7f3a9c51-was-said';
const planted = 'CANARY-planted-in-plain-text';
let bench: ServiceBench;
let service: RunningService;

beforeAll(async () => {
  bench = await startServiceBench();
  service = await bench.start();
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await bench?.stop();
}, 30_000);

/** The text as it is, in hex (how bytea prints) and in base64 at any alignment. */
const formsOf = (text: string): Buffer[] => {
  const plain = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(
      Buffer.concat([Buffer.alloc(shift), plain])
        .toString('base64')
        .slice(4, -4),
    ),
  );
  return [plain, Buffer.from(plain.toString('hex')), ...base64];
};
const contains = (haystack: Buffer, text: string): boolean =>
  formsOf(text).some((form) => haystack.includes(form));

const rowsWith = async (sql: postgres.Sql, text: string): Promise<string[]> => {
  const tables = await sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')`;
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ line: string }[]>(`select r::text as line from ${name} r`);
    if (rows.some(({ line }) => contains(Buffer.from(line), text))) found.push(name);
  }
  return found;
};

const filesWith = async (folder: string, text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    if (contains(bytes, text)) found.push(entry.name);
  }
  return found;
};

describe('what was said', () => {
  it('is in no table, file or log line in plain form, and is found through the API by who may read it', async () => {
    const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
    await until(async () => (await bench.openOrg(orgId).catch(() => undefined)) === false);
    await bench.putKey(orgId, apiKeyId, true);
    const to = await bench.transitKeyOf(orgId);
    const payload = sealedSample({ orgId, apiKeyId, to, said: canary });
    await bench.publishTelemetry(sampleTelemetry({ orgId, apiKeyId, insightId: payload.insightId }));
    await bench.publishPayload(payload);
    const token = bench.neighbours.token({ role: 'admin', orgId });
    const answer = await until(async () => {
      const text = await (await bench.get(`/v1/requests/${payload.insightId}`, token)).text();
      return text.includes('"messages"') ? text : undefined;
    });
    expect(answer).toContain(canary);

    // The control: the same scan finds what stands there in plain text, so its silence means something.
    await bench.db.sql`create table public.planted (line bytea)`;
    await bench.db.sql`insert into public.planted values (${Buffer.from(planted)})`;
    await bench.db.sql`checkpoint`;
    await bench.logSql`checkpoint`;
    expect(await rowsWith(bench.db.sql, planted)).toEqual(['planted']);
    expect(await filesWith(bench.db.server.dataDir, planted)).not.toEqual([]);

    expect(await rowsWith(bench.db.sql, canary)).toEqual([]);
    expect(await rowsWith(bench.logSql, canary)).toEqual([]);
    expect(await filesWith(bench.db.server.dataDir, canary)).toEqual([]);
    expect(contains(Buffer.from(bench.lines.join('')), canary)).toBe(false);
    expect(contains(Buffer.from(JSON.stringify(bench.neighbours.appended)), canary)).toBe(false);
  }, 60_000);

  it('does not come out of errors: a malformed query names its field and no value', async () => {
    const token = bench.neighbours.token({ role: 'admin', orgId: newUuidV7() });
    for (const path of [
      `/v1/requests?limit=${canary}`,
      `/v1/requests?cursor=${canary}`,
      `/v1/requests?${canary}=1`,
      `/v1/requests?model=${canary}%20x`,
      `/v1/requests/${canary}`,
      `/v1/manage/org/usage?start=${canary}`,
      `/v1/manage/org/usage?start=2026-11-01T00:00:00Z&group_by[]=${canary}`,
      `/v1/manage/apikey/${canary}/usage`,
      `/${canary}`,
    ]) {
      const response = await bench.get(path, token);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await response.text()).not.toContain('CANARY');
    }
    expect(bench.lines.join('')).not.toContain('CANARY');
  });
});
