import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startLitewitness } from '@lethe/test-servers';
import { verifyCheckpoint, verifyProof } from '@lethe/transparency-log';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import { startTestLog, type TestLog, testOrigin, testSigner } from '../testing/running-log.contract.js';

jest.setTimeout(600_000);

const witness = await startLitewitness({ origin: testOrigin, verifierKey: testSigner.verifierKey });
// Skipped only where litewitness cannot be had, which startLitewitness says loudly.
const withLitewitness = 'unavailable' in witness ? describe.skip : describe;

withLitewitness('litewitness, a witness that is not of this house', () => {
  let server: TestAuditDatabase;
  let log: TestLog;
  beforeAll(async () => {
    if ('unavailable' in witness) return;
    server = await startAuditDatabase();
    log = await startTestLog({ url: server.url, witnesses: [witness], witnessQuorum: 1 });
  });
  afterAll(async () => {
    await log.stop();
    await server.stop();
    if (!('unavailable' in witness)) await witness.stop();
  });

  it('cosigns the log as it grows, and proofs carry its cosignature', async () => {
    const policy = {
      logVerifierKey: testSigner.verifierKey,
      witnesses: 'unavailable' in witness ? [] : [witness.verifierKey],
      quorum: 1,
    };
    for (const count of [1, 5, 30]) {
      const events = await Promise.all(Array.from({ length: count }, () => log.append()));
      const last = events.at(-1);
      const placed = await eventually(() =>
        // Before the first cosignature nothing may be shown at all.
        log.reader
          .proofOf(last?.event.eventId ?? '')
          .catch(() => undefined),
      );
      expect(verifyProof(placed.proof, policy)).toMatchObject({ ok: true, index: last?.index });
      expect(verifyCheckpoint(placed.checkpoint, policy)).toMatchObject({ ok: true });
    }
    expect(log.said.join('')).not.toContain('witness.refused');
  });
});
