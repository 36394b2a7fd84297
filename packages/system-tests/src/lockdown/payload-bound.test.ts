import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  encodePayload,
  generateTransitKeyPair,
  payloadDocument,
  sealPayload,
  truncatePayload,
} from '@lethe/sealed-payload';
import { type Cluster, outcomeOf, startCluster } from './cluster.js';

/** The largest limits that an organization may set, as its database has them. */
const hardBound = 768 * 1024;

describe('the hard bound of payload limits', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 120_000);
  afterAll(() => cluster.stop());

  const append = async (bytes: number): Promise<string> => {
    const router = cluster.connect('lethe_router_log');
    const value = randomBytes(bytes);
    const outcome = await outcomeOf(
      router.unsafe(
        "select event_log.append_insight('lethe.insight.payload.v1', array[null]::bytea[], array[$1]::bytea[], array[null]::bytea[])",
        [value],
      ),
    );
    await router.end();
    return outcome;
  };

  it('is the same in the database, and a document that fills it goes into one message of the payload topic', async () => {
    const checks = await cluster.superuser.config`select pg_get_constraintdef(oid) as text from pg_constraint
      where conrelid = 'config.organization'::regclass and conname like '%payload%'`;
    expect(checks.map(({ text }) => String(text).match(/<= (\d+)/)?.[1])).toEqual(['786432', '786432']);
    const content = Array.from({ length: 200 }, (_, i) => ({
      role: 'user',
      content: `${i}${'x'.repeat(32_000)}`,
    }));
    const full = payloadDocument({ messages: content, tools: [], choices: [], originalBytes: 6_400_000 });
    const limits = { maxBytesPerPart: hardBound, maxBytesTotal: hardBound, maxParts: 4096 };
    const plaintext = encodePayload(truncatePayload(full, limits));
    const pair = generateTransitKeyPair();
    const sealed = sealPayload(
      plaintext,
      { transitKeyId: randomBytes(16), publicKey: pair.publicKey },
      { orgId: randomBytes(16), insightId: randomBytes(16), kind: 'payload', policyVersion: 1n },
    );
    expect(plaintext.length).toBeGreaterThan(hardBound * 0.8);
    // What a record has beside its ciphertext: ids, keys, a nonce and a reference to the raw request.
    const record = sealed.ciphertext.length + 4096;
    expect(await append(record)).toBe('done');
    expect(await append(1024 * 1024 + 1)).toBe('EL002');
  });
});
