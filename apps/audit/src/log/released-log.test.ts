import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7, type Uuid } from '@lethe/contracts';
import { verifyProof, verifyTiles } from '@lethe/transparency-log';
import { AnchorError, type AnchoredCheckpoint, type Anchors, type Tombstone } from '../anchor/anchors.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import {
  makeAnchorsFolder,
  readTileOf,
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
/** What the anchors do with the next checkpoints: keep them, fail, or hang. */
let anchorsDo: 'keep' | 'fail' = 'keep';
const kept: number[] = [];

const watched = (anchors: Anchors): Anchors => ({
  ...anchors,
  keep: async (checkpoint: AnchoredCheckpoint) => {
    if (anchorsDo === 'fail') throw new AnchorError('full');
    await anchors.keep(checkpoint);
    kept.push(checkpoint.size);
  },
});

beforeAll(async () => {
  server = await startAuditDatabase();
  anchorsFolder = await makeAnchorsFolder();
  log = await startTestLog({ url: server.url, anchorsFolder, withAnchors: watched });
  await Promise.all(Array.from({ length: 600 }, () => log.append()));
});
afterAll(async () => {
  await log.stop();
  await server.stop();
});

const sizeOf = async () =>
  (await server.superuser`select size::int as size from audit.state`)[0]?.size as number;
const buried = async (of: TestLog): Promise<Tombstone[]> => {
  const all: Tombstone[] = [];
  for await (const tombstone of of.anchors.tombstones()) all.push(tombstone);
  return all;
};
const zdrEvent = (orgId: Uuid) => ({
  type: 'zdr.enabled' as const,
  orgId,
  target: { kind: 'organization' as const, id: orgId },
  before: {},
  after: {},
});

describe('the released log', () => {
  it('can be verified from its tiles and entries', async () => {
    const checkpoint = await log.reader.newestCheckpoint();
    const seen: number[] = [];
    const verified = await verifyTiles({
      readTile: readTileOf(log),
      checkpoint,
      visitEntry: (_entry, index) => seen.push(index),
    });
    expect(verified).toEqual({ ok: true, size: checkpoint.size });
    expect(seen).toHaveLength(checkpoint.size);
  });

  it('has each tile at every width up to its size, and none beyond', async () => {
    const { reader } = log;
    expect(await reader.tile({ level: 0, index: 0, width: 256 })).toHaveLength(8192);
    expect(await reader.tile({ level: 0, index: 2, width: 88 })).toHaveLength(88 * 32);
    expect(await reader.tile({ level: 0, index: 2, width: 1 })).toHaveLength(32);
    expect(await reader.tile({ level: 1, index: 0, width: 2 })).toHaveLength(64);
    for (const beyond of [
      { level: 0, index: 2, width: 89 },
      { level: 0, index: 3, width: 1 },
      { level: 1, index: 0, width: 3 },
      { level: 2, index: 0, width: 1 },
      { level: 63, index: 0, width: 1 },
    ])
      expect(await reader.tile(beyond)).toBeUndefined();
    expect(await reader.entries({ index: 2, width: 88 })).toBeDefined();
    expect(await reader.entries({ index: 2, width: 89 })).toBeUndefined();
  });

  it('gives paths of many leaves at once, at the size that is asked for', async () => {
    const { size } = await log.reader.newestCheckpoint();
    const paths = await log.reader.inclusionPaths([0, 299, size - 1], size);
    const proof = await log.reader.proofOf(299);
    const inProof = proof?.proof.split('\n\n')[0]?.split('\n').slice(3);
    expect(paths[1]?.map((hash) => hash.toString('base64'))).toEqual(inProof);
    expect(await log.reader.proofOf(newUuidV7())).toBeUndefined();
    expect(await log.reader.proofOf(size)).toBeUndefined();
  });

  it('shows nothing that the anchors do not hold, and goes on by itself without a gap when they do', async () => {
    const before = await log.reader.newestCheckpoint();
    anchorsDo = 'fail';
    const event = sampleEvent();
    await expect(log.intake.append(event)).rejects.toMatchObject({ reason: 'anchor_unavailable' });
    // This one is in the database; no other gets there while the anchors take nothing.
    expect(await sizeOf()).toBe(before.size + 1);
    for (let i = 0; i < 3; i++)
      await expect(log.append()).rejects.toMatchObject({ reason: 'anchor_unavailable' });
    expect(await sizeOf()).toBe(before.size + 1);
    expect(await log.isReady()).toBe(false);
    expect(await log.reader.newestCheckpoint()).toEqual(before);
    await expect(log.reader.proofOf(event.eventId)).rejects.toMatchObject({ reason: 'anchor_unavailable' });
    expect(await log.reader.tile({ level: 0, index: 2, width: 89 })).toBeUndefined();
    anchorsDo = 'keep';
    await eventually(async () => (await log.reader.newestCheckpoint()).size === before.size + 1);
    const again = await log.intake.append(event);
    expect(again.index).toBe(before.size);
    expect(verifyProof(again.proof, policy)).toMatchObject({ ok: true });
    expect((await log.append()).index).toBe(before.size + 1);
    // A look at the log may keep one again that a batch has kept meanwhile; none is kept late.
    const first = [...new Set(kept)];
    expect(first).toEqual([...first].sort((a, b) => a - b));
  });
});

describe('tombstones', () => {
  it('are kept before the answer, for successes only', async () => {
    const orgId = newUuidV7();
    const { event } = await log.append(zdrEvent(orgId));
    expect(await buried(log)).toEqual([
      { orgId, enabledAtMs: event.timeMs, eventId: event.eventId, shredHistory: false },
    ]);
    await log.append({ ...zdrEvent(newUuidV7()), type: 'change.refused', outcome: 'refused' });
    expect(await buried(log)).toHaveLength(1);
  });

  it('are made up for by whoever comes next when the process died between database and anchors', async () => {
    const orgId = newUuidV7();
    anchorsDo = 'fail';
    await expect(log.append(zdrEvent(orgId))).rejects.toMatchObject({ reason: 'anchor_unavailable' });
    await log.stop();
    anchorsDo = 'keep';
    log = await startTestLog({ url: server.url, anchorsFolder });
    expect((await buried(log)).map((tombstone) => tombstone.orgId)).toContain(orgId);
    expect((await log.reader.newestCheckpoint()).size).toBe(await sizeOf());
  });

  it('are made again from the log in anchors that lost them', async () => {
    const fresh = await startTestLog({ url: server.url });
    expect(await buried(fresh)).toHaveLength(2);
    expect(fresh.said.join('')).toContain('"event":"anchors.empty"');
    expect(log.said.join('')).not.toContain('anchors.empty');
    await fresh.stop();
  });
});

describe('the proof of an event', () => {
  it('proves each of its events, whatever stands to the right of it', async () => {
    for (const more of [0, 1, 1, 2, 3]) {
      for (let i = 0; i < more; i += 1) await log.append();
      const { size } = log.keeper.released;
      for (const index of [0, 1, 255, 256, 511, 512, 598, size - 2, size - 1]) {
        const verified = verifyProof((await log.reader.proofOf(index))?.proof ?? '', policy);
        expect(verified).toMatchObject({ ok: true, index });
      }
      expect(await log.reader.proofOf(size)).toBeUndefined();
    }
    expect(await log.reader.proofOf(newUuidV7())).toBeUndefined();
  });
});
