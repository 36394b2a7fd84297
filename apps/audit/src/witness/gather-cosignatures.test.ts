import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { verifyCheckpoint, verifyProof } from '@lethe/transparency-log';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import { startTestLog, type TestLog, testSigner } from '../testing/running-log.contract.js';
import { startTestWitness, type TestWitness } from './test-witness.contract.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
let witnesses: TestWitness[];
let log: TestLog;
beforeAll(async () => {
  server = await startAuditDatabase();
  witnesses = await Promise.all(
    ['witness.test/a', 'witness.test/bb', 'witness.test/ccc'].map((name) =>
      startTestWitness(name, testSigner.verifierKey),
    ),
  );
  log = await startTestLog({ url: server.url, witnesses });
});
afterEach(() => {
  for (const witness of witnesses) witness.misbehave('not_at_all');
});
afterAll(async () => {
  await log.stop();
  for (const witness of witnesses) await witness.stop();
  await server.stop();
});

const [first, second, third] = [0, 1, 2].map((at) => () => witnesses[at] as TestWitness) as [
  () => TestWitness,
  () => TestWitness,
  () => TestWitness,
];
const policyOf = (quorum: number) => ({
  logVerifierKey: testSigner.verifierKey,
  witnesses: witnesses.map(({ verifierKey }) => verifierKey),
  quorum,
});
const cosigners = async (of: TestLog): Promise<number> => {
  const { note } = await of.reader.newestCheckpoint();
  const verified = verifyCheckpoint(note, policyOf(0));
  if (!verified.ok) throw new Error(verified.code);
  return verified.cosignedBy.length;
};
const failures = async (reason: string): Promise<number> =>
  Number(
    new RegExp(
      `^lethe_audit_witness_failed_total\\{witness="witness.test/a",reason="${reason}"[^}]*\\} (\\d+)$`,
      'm',
    ).exec(await log.registry.metrics())?.[1] ?? 0,
  );

describe('witnesses', () => {
  it('cosign each newest checkpoint, one request at a time, and checkpoint and proofs carry it', async () => {
    for (let i = 0; i < 30; i++) await log.append();
    await eventually(async () => (await cosigners(log)) === 3);
    const { note, size } = await log.reader.newestCheckpoint();
    expect(size).toBe(30);
    expect(verifyCheckpoint(note, policyOf(3))).toMatchObject({ ok: true, size: 30 });
    const proof = (await log.reader.proofOf(7))?.proof ?? '';
    expect(verifyProof(proof, policyOf(3))).toMatchObject({ ok: true, index: 7 });
    for (const witness of witnesses) expect(witness.atOnceMax).toBe(1);
    expect(await log.registry.metrics()).toMatch(
      /lethe_audit_witness_lag_events\{witness="witness.test\/a"[^}]*\} 0/,
    );
  });

  it('that forgot, or know another size, are asked again with a proof from there', async () => {
    const { size, root } = await log.reader.newestCheckpoint();
    first().believe(undefined);
    second().believe({ size, root });
    await log.append();
    await eventually(async () => (await cosigners(log)) === 3);
    expect(first().answered).toContain(409);
  });

  it('that hang, are away, answer garbage or sign something else keep nobody waiting and are not believed', async () => {
    first().misbehave('signs_nonsense');
    second().misbehave('answers_garbage');
    third().misbehave('hangs');
    await log.append();
    await eventually(async () => (await failures('cosignature_wrong')) > 0);
    expect(await cosigners(log)).toBe(0);
    for (const witness of witnesses) witness.misbehave('not_at_all');
    await eventually(async () => (await cosigners(log)) === 3);
  });

  it('do not cosign a fork, which shows', async () => {
    first().believe({ size: first().seen?.size ?? 0, root: Buffer.alloc(32, 9) });
    await log.append();
    await eventually(async () => (await failures('proof_refused')) > 0);
    await eventually(async () => (await cosigners(log)) === 2);
    expect(log.said.join('')).toContain(
      '"event":"witness.refused","witness":"witness.test/a","reason":"proof_refused"',
    );
  });
});

describe('a quorum', () => {
  it('holds back what too few have cosigned; appending goes on, and a proof comes with the quorum', async () => {
    await log.stop();
    const held = await startTestLog({ url: server.url, witnesses, witnessQuorum: 2 });
    const before = (await held.reader.newestCheckpoint()).size;
    second().misbehave('answers_garbage');
    third().misbehave('answers_garbage');
    const { event, proof, index } = await held.append();
    expect(verifyProof(proof, policyOf(0))).toMatchObject({ ok: true, index });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await held.reader.newestCheckpoint()).size).toBe(before);
    expect(await held.reader.proofOf(event.eventId)).toBeUndefined();
    expect(await held.reader.tile({ level: 0, index: 0, width: index + 1 })).toBeUndefined();
    second().misbehave('not_at_all');
    third().misbehave('not_at_all');
    const placed = await eventually(async () => held.reader.proofOf(event.eventId));
    expect(verifyProof(placed.proof, policyOf(2))).toMatchObject({ ok: true, index });
    log = held;
  });
});
