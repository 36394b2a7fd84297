import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  consistencyNodes,
  consistencyProof,
  verifyCheckpoint,
  verifyConsistency,
  verifyProof,
} from '@lethe/transparency-log';
import type { AppendableEvent } from '../append/read-event.js';
import type { PlacedProof } from '../log/log-reader.js';
import { readNodes } from '../store/log-nodes.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import {
  makeAnchorsFolder,
  sampleEvent,
  startTestLog,
  type TestLog,
  testSigner,
} from '../testing/running-log.contract.js';

jest.setTimeout(120_000);

const policy = { logVerifierKey: testSigner.verifierKey };
let server: TestAuditDatabase;
let anchorsFolder: string;
let log: TestLog;
beforeAll(async () => {
  server = await startAuditDatabase();
  anchorsFolder = await makeAnchorsFolder();
  log = await startTestLog({ url: server.url, anchorsFolder });
});
afterAll(async () => {
  await log.stop();
  await server.stop();
});

const stored = () => server.superuser<{ idx: number; id: string }[]>`
  select idx::int, event_id::text as id from audit.leaf order by idx`;

const expectDense = async (): Promise<void> => {
  const rows = await stored();
  expect(rows.map(({ idx }) => idx)).toEqual(rows.map((_, i) => i));
  const [state] = await server.superuser`select size::int as size, root from audit.state`;
  expect(state?.size).toBe(rows.length);
  const [left] = await server.superuser`select
    (select count(*)::int from audit.event left join audit.leaf using (event_id) where idx is null) as orphans,
    (select count(*)::int from audit.node) as nodes`;
  const binaryOnes = rows.length.toString(2).replaceAll('0', '').length;
  expect(left).toEqual({ orphans: 0, nodes: rows.length - binaryOnes });
};

const expectProven = ({ index, proof, checkpoint }: PlacedProof, event: AppendableEvent): void => {
  const verified = verifyProof(proof, policy);
  if (!verified.ok) throw new Error(verified.code);
  expect(verified.index).toBe(index);
  expect(Buffer.from(verified.entry).equals(event.body)).toBe(true);
  expect(verifyCheckpoint(checkpoint, policy).ok).toBe(true);
};

describe('appending', () => {
  it('answers with index and a proof that verifies, and keeps the bytes', async () => {
    for (let i = 0; i < 9; i++) {
      const { event, ...placed } = await log.append();
      expect(placed.index).toBe(i);
      expectProven(placed, event);
      const [row] = await server.superuser<{ body: Buffer; hash: Buffer }[]>`
        select body, leaf_hash as hash from audit.event join audit.leaf using (event_id) where idx = ${i}`;
      expect(row?.body.equals(event.body)).toBe(true);
      const hash = createHash('sha256')
        .update(Buffer.from([0]))
        .update(event.body)
        .digest();
      expect(row?.hash.equals(hash)).toBe(true);
    }
    await expectDense();
  });

  it('gives the same event its index again, with a proof to the newest checkpoint', async () => {
    const { event, ...first } = await log.append();
    await log.append();
    const again = await log.intake.append(event);
    expect(again.index).toBe(first.index);
    expect(again.checkpoint).not.toBe(first.checkpoint);
    expectProven(again, event);
    await expectDense();
  });

  it('refuses another event, or the same under another organization, with a known id', async () => {
    const { event } = await log.append();
    const size = (await stored()).length;
    for (const other of [
      { ...sampleEvent(), eventId: event.eventId },
      { ...event, orgId: undefined },
    ])
      await expect(log.intake.append(other)).rejects.toMatchObject({ reason: 'event_id_taken' });
    expect(await stored()).toHaveLength(size);
  });

  it('answers calls for one event together, and refuses another event under its id meanwhile', async () => {
    const event = sampleEvent();
    const size = (await stored()).length;
    const calls = [event, { ...event, body: Buffer.from(event.body) }].map((each) => log.intake.append(each));
    const other = log.intake.append({ ...sampleEvent(), eventId: event.eventId });
    await expect(other).rejects.toMatchObject({ reason: 'event_id_taken' });
    const [first, second] = await Promise.all(calls);
    expect(second).toBe(first);
    // Control: once it is answered, the same event is looked up, with a proof of its own.
    expect(await log.intake.append(event)).not.toBe(first);
    expect(await stored()).toHaveLength(size + 1);
  });

  it('takes many at once, doubles among them, densely and in the order they came', async () => {
    const events = Array.from({ length: 700 }, () => sampleEvent());
    const placed = await Promise.all(
      [...events, ...events.slice(0, 50)].map((event) => log.intake.append(event)),
    );
    const indexes = placed.slice(0, 700).map(({ index }) => index);
    expect(indexes).toEqual(indexes.map((_, i) => (indexes[0] ?? 0) + i));
    expect(placed.slice(700).map(({ index }) => index)).toEqual(indexes.slice(0, 50));
    placed.forEach((each, i) => {
      expectProven(each, events[i % 700] as AppendableEvent);
    });
    const [checkpoints] = await server.superuser`select count(*)::int as count from audit.checkpoint`;
    // Batches, not an event each.
    expect(checkpoints?.count).toBeLessThan(60);
    await expectDense();
  });

  it('refuses what the database refuses alone, and not what came with it', async () => {
    await server.superuser`alter table audit.event add constraint no_poison check (actor_id <> 'poison')`;
    const good = Array.from({ length: 20 }, () => sampleEvent());
    const poison = { ...sampleEvent(), actorId: 'poison' };
    const results = await Promise.allSettled(
      [...good.slice(0, 10), poison, ...good.slice(10)].map((event) => log.intake.append(event)),
    );
    await server.superuser`alter table audit.event drop constraint no_poison`;
    expect(results.map(({ status }) => status)).toEqual(
      results.map((_, i) => (i === 10 ? 'rejected' : 'fulfilled')),
    );
    expect((results[10] as PromiseRejectedResult).reason).toMatchObject({
      reason: 'event_refused',
      code: '23514',
    });
    await expectDense();
  });
});

describe('two of them on one database', () => {
  it('give dense indexes and proofs that verify, and each finds what the other appended', async () => {
    const other = await startTestLog({ url: server.url, anchorsFolder });
    const events = Array.from({ length: 400 }, () => sampleEvent());
    const placed = await Promise.all(
      events.map(async (event, i) => {
        await new Promise((resolve) => setTimeout(resolve, (i % 40) * 5));
        return await (i % 2 === 0 ? log : other).intake.append(event);
      }),
    );
    placed.forEach((each, i) => {
      expectProven(each, events[i] as AppendableEvent);
    });
    expect(new Set(placed.map(({ index }) => index)).size).toBe(400);
    const { event } = await log.append();
    expectProven((await other.reader.proofOf(event.eventId)) as PlacedProof, event);
    expectProven(await other.intake.append(event), event);
    await other.stop();
    await expectDense();
  });
});

describe('a killed server', () => {
  it('costs no gap, no double and no answer', async () => {
    const events = Array.from({ length: 200 }, () => sampleEvent());
    const answered = new Map<string, number>();
    let killed: Promise<void> | undefined;
    const appendUntilDone = async (event: AppendableEvent, i: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, i * 4));
      for (;;) {
        try {
          answered.set(event.eventId, (await log.intake.append(event)).index);
          if (answered.size === 40) killed ??= server.server.kill().then(() => server.server.restart());
          return;
        } catch (error) {
          expect(error).toMatchObject({ name: 'StoreError', reason: 'unavailable' });
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    await Promise.all(events.map(appendUntilDone));
    await killed;
    expect(killed).toBeDefined();
    const places = new Map((await stored()).map(({ idx, id }) => [id, idx]));
    for (const { eventId } of events) expect(places.get(eventId)).toBe(answered.get(eventId));
    await expectDense();
  });
});

describe('every checkpoint', () => {
  it('continues the one before', async () => {
    const notes = await server.superuser<{ note: string; size: number }[]>`
      select note, size::int as size from audit.checkpoint order by size`;
    expect(notes.length).toBeGreaterThan(20);
    let before: { size: number; root: Buffer } | undefined;
    for (const { note } of notes) {
      const checkpoint = verifyCheckpoint(note, policy);
      if (!checkpoint.ok) throw new Error(checkpoint.code);
      if (before !== undefined) {
        const nodes = await readNodes(log.database.sql, consistencyNodes(before.size, checkpoint.size));
        const proof = consistencyProof(before.size, checkpoint.size, nodes);
        expect(verifyConsistency(before, checkpoint, proof)).toMatchObject({ ok: true });
      }
      before = checkpoint;
    }
  });
});
