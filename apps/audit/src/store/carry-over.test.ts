import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { applyMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import { verifyProof, verifyTiles } from '@lethe/transparency-log';
import type postgres from 'postgres';
import type { AppendableEvent } from '../append/read-event.js';
import { readAuditMigrations } from '../testing/audit-database.contract.js';
import { readTileOf, sampleEvent, startTestLog, testSigner } from '../testing/running-log.contract.js';

jest.setTimeout(120_000);

const appendOld = (sql: postgres.Sql, event: AppendableEvent) => sql`
  select audit.append_event(${event.eventId}, ${event.orgId ?? null}, ${event.body}, ${event.type},
    to_timestamp(${event.timeMs}::float8 / 1000), ${event.actorId}, ${event.targetKind}, ${event.targetId},
    ${event.outcome})`;

describe('a log that was written before there was a tree', () => {
  let server: TestPostgres;
  afterEach(() => server.stop());

  it.each([0, 1, 5, 300])('of %i events is carried over whole', async (count) => {
    server = await startTestPostgres();
    const superuser = await server.createDatabase('audit');
    const migrations = await readAuditMigrations();
    const before = { owner: 'lethe_owner', migrations: migrations.slice(0, 3) };
    await applyMigrations(superuser, before);
    const url = (await server.login('lethe_audit_append')).url('audit');
    const events = Array.from({ length: count }, () => sampleEvent());
    for (const event of events) await appendOld(superuser, event);
    await applyMigrations(superuser, { owner: 'lethe_owner', migrations });

    const log = await startTestLog({ url });
    const policy = { logVerifierKey: testSigner.verifierKey };
    expect(log.keeper.released.size).toBe(count);
    for (const [index, event] of events.entries())
      if (index % 50 < 2) {
        const placed = await log.reader.proofOf(event.eventId);
        expect(verifyProof(placed?.proof ?? '', policy)).toMatchObject({ ok: true, index });
        expect((await log.intake.append(event)).index).toBe(index);
      }
    expect((await log.append()).index).toBe(count);
    const checkpoint = await log.reader.newestCheckpoint();
    expect(await verifyTiles({ readTile: readTileOf(log), checkpoint })).toEqual({
      ok: true,
      size: count + 1,
    });
    await log.stop();
  });
});
