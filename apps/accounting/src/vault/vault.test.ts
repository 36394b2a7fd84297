import { describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { ReadablePayload } from '../store/request-store.js';
import { freshKeys } from '../testing/ingestion-bench.contract.js';
import { sealedSample } from '../testing/samples.contract.js';
import { makeAtRestKey, makeTransitKey, withAtRestKey } from './make-keys.js';
import { openForReading } from './open-payload.js';
import { rewrapContentKey } from './rewrap.js';
import { rejectDigest, wrappingKeysFrom } from './wrapping-keys.js';

const keys = freshKeys();
const orgId = newUuidV7();
const apiKeyId = newUuidV7();
const transit = makeTransitKey(keys, orgId);
const atRestKey = { orgId, version: 1, wrapped: makeAtRestKey(keys, orgId, 1) };

const atRest = (): ReadablePayload => {
  const sealed = sealedSample({ orgId, apiKeyId, to: transit, said: 'hello' });
  const by = { wrappedPrivate: transit.wrappedPrivate, atRestKey };
  const wrappedContentKey = rewrapContentKey(keys, sealed, by);
  if (wrappedContentKey === undefined) throw new Error('it fits');
  return { ...sealed, wrappedContentKey, atRestKey };
};

describe('the vault', () => {
  it('opens what it rewrapped, bound to organization, insight, key and versions', () => {
    const item = atRest();
    expect(openForReading(keys, item)?.messages).toEqual([{ role: 'user', content: 'hello' }]);
    const otherOrg = newUuidV7();
    for (const change of [
      { insightId: newUuidV7() },
      { orgId: otherOrg },
      { orgId: otherOrg, atRestKey: { ...atRestKey, orgId: otherOrg } },
      { atRestKey: { ...atRestKey, version: 2 } },
      { policyVersion: item.policyVersion + 1n },
      { transitKeyId: newUuidV7() },
      { ciphertext: Buffer.concat([item.ciphertext, Buffer.alloc(1)]) },
      { wrappedContentKey: atRest().wrappedContentKey },
    ])
      expect([Object.keys(change), openForReading(keys, { ...item, ...change })]).toEqual([
        Object.keys(change),
        undefined,
      ]);
  });

  it('needs the root key it was wrapped with', () => {
    const item = atRest();
    expect(openForReading(freshKeys(), item)).toBeUndefined();
    expect(() => withAtRestKey(freshKeys(), atRestKey, () => undefined)).toThrow();
  });

  it('wipes an at-rest key after use', () => {
    let held: Buffer = Buffer.alloc(0);
    withAtRestKey(keys, atRestKey, (key) => {
      held = key;
      expect(key.some((byte) => byte !== 0)).toBe(true);
    });
    expect(held.every((byte) => byte === 0)).toBe(true);
  });

  it('names wrapping keys alike only when they are the same', () => {
    const hex = { transit: 'ab'.repeat(32), atRestRoot: 'cd'.repeat(32) };
    expect(wrappingKeysFrom(hex).transitKeyName).toEqual(wrappingKeysFrom(hex).transitKeyName);
    expect(freshKeys().transitKeyName).not.toEqual(freshKeys().transitKeyName);
  });

  it('digests a rejected record with a key, and tells key and value apart', () => {
    const value = Buffer.from('short');
    expect(rejectDigest(keys, null, value)).toEqual(rejectDigest(keys, null, value));
    expect(rejectDigest(freshKeys(), null, value)).not.toEqual(rejectDigest(keys, null, value));
    expect(rejectDigest(keys, Buffer.from('a'), Buffer.from('bc'))).not.toEqual(
      rejectDigest(keys, Buffer.from('ab'), Buffer.from('c')),
    );
  });
});
