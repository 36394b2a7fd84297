import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import truthTable from '@lethe/zdr-policy/truth-table.json' with { type: 'json' };
import { createRequestStore } from '../store/request-store.js';
import { insertTelemetryStatement, telemetryRowsJson } from '../store/telemetry-columns.js';
import { type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import { sampleTelemetry, sealedSample, storedPayload } from '../testing/samples.contract.js';
import { openForReading } from '../vault/open-payload.js';

type OrgGate = 'open' | 'sealed' | 'missing';
type KeyCopy = 'logging' | 'quiet' | 'unknown';
type TelemetrySays = 'payload' | 'telemetry_only' | 'missing';
type Row = [OrgGate, KeyCopy, 'present' | 'absent', TelemetrySays, string, boolean];

const { columns, rows } = truthTable.ingestion;
let bench: IngestionBench;
beforeAll(async () => {
  bench = await startIngestionBench();
}, 60_000);
afterAll(() => bench?.stop());

/** Brings the database into the state a row of the table describes. */
const arrange = async ([gate, keyCopy, transit]: Row) => {
  const orgId: OrgId = newUuidV7();
  const apiKeyId: ApiKeyId = newUuidV7();
  const sql = bench.db.sql;
  const to = await bench.openOrg(orgId);
  if (keyCopy !== 'unknown') await bench.putKey(orgId, apiKeyId, keyCopy === 'logging');
  if (transit === 'absent') await sql`delete from ingest.transit_key where org_id = ${orgId}`;
  const key = await sql`select * from ingest.transit_key where org_id = ${orgId}`;
  if (gate === 'sealed') {
    await sql`select ingest.seal_org(${orgId}, 5)`;
    // Sealing takes both away; each cell of the table has to hold by itself, so they are put back past the guards.
    await sql.begin(async (tx) => {
      await tx`alter table ingest.api_key_copy disable trigger refuse_logging_when_sealed`;
      await tx`update ingest.api_key_copy set logging = ${keyCopy === 'logging'} where api_key_id = ${apiKeyId}`;
      if (key.length > 0) await tx`insert into ingest.transit_key ${tx(key)}`;
      await tx`alter table ingest.api_key_copy enable always trigger refuse_logging_when_sealed`;
    });
  }
  if (gate === 'missing') {
    await sql.begin(async (tx) => {
      await tx`alter table ingest.org_gate disable trigger keep_gate_monotone`;
      await tx`delete from ingest.org_gate where org_id = ${orgId}`;
      await tx`alter table ingest.org_gate enable always trigger keep_gate_monotone`;
    });
  }
  return { orgId, apiKeyId, to };
};

describe('the truth table, through layer 3 and a real database', () => {
  it('is the one this test knows how to read', () => {
    expect(columns).toEqual(['orgGate', 'keyCopy', 'transitKey', 'telemetrySays', 'code', 'readable']);
    expect(rows).toHaveLength(54);
    expect(new Set(rows.map((row) => row[4])).size).toBe(6);
  });

  it.each(rows as Row[])('gate %s, key %s, transit key %s, telemetry %s: %s, readable %s', async (...row) => {
    const [, , , telemetrySays, code, readable] = row;
    const { orgId, apiKeyId, to } = await arrange(row);
    const payload = sealedSample({ orgId, apiKeyId, to, said: 'hello' });
    if (telemetrySays !== 'missing') {
      const retentionDecision = telemetrySays === 'payload' ? 'payload' : 'telemetry';
      const telemetry = sampleTelemetry({ insightId: payload.insightId, orgId, apiKeyId, retentionDecision });
      await bench.db.sql.unsafe(insertTelemetryStatement, [telemetryRowsJson([telemetry])]);
    }

    const outcomes = await bench.ingest([storedPayload(payload)]);

    expect(outcomes.map((outcome) => outcome.code)).toEqual([code]);
    const kept = await bench.db.sql`select 1 from payload.item where insight_id = ${payload.insightId}`;
    expect(kept).toHaveLength(code === 'accepted' ? 1 : 0);
    const scope = { kind: 'organization', orgId } as const;
    const found = await createRequestStore(bench.read).find(scope, payload.insightId, true);
    const opened = found?.payload === undefined ? undefined : openForReading(bench.keys, found.payload);
    expect(opened !== undefined).toBe(readable);
    if (readable) expect(opened?.messages).toEqual([{ role: 'user', content: 'hello' }]);
  });
});
