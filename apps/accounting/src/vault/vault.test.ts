import { describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { ReadablePayload } from '../store/request-store.js';
import { freshKeys } from '../testing/ingestion-bench.contract.js';
import { sealedSample } from '../testing/samples.contract.js';
import { createLaunchedWrapping } from './launched-wrapping.js';
import { makeAtRestKey, makeTransitKey, withAtRestKey } from './make-keys.js';
import { openForReading } from './open-payload.js';
import { rewrapContentKeys, WrappingKeyAwayError } from './rewrap.js';
import { rejectDigest } from './wrapping-keys.js';

const keys = freshKeys();
const orgId = newUuidV7();
const apiKeyId = newUuidV7();
const wrappedBy = await keys.transit.create();
const made = await makeTransitKey(keys.transit, wrappedBy, orgId);
if (made === undefined) throw new Error('the wrapping key is there');
const transit = made;
const atRestKey = { orgId, version: 1, wrapped: makeAtRestKey(keys, orgId, 1) };

const atRest = async (): Promise<ReadablePayload> => {
  const sealed = sealedSample({ orgId, apiKeyId, to: transit, said: 'hello' });
  const by = { transitKey: { wrappedPrivate: transit.wrappedPrivate, wrappedBy }, atRestKey };
  const rewrapped = await rewrapContentKeys(keys, sealed, by);
  if (rewrapped === undefined) throw new Error('it fits');
  return { ...sealed, wrappedContentKey: rewrapped.payload, atRestKey };
};

describe('the vault', () => {
  it('opens what it rewrapped, bound to organization, insight, key and versions', async () => {
    const item = await atRest();
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
      { wrappedContentKey: (await atRest()).wrappedContentKey },
    ])
      expect([Object.keys(change), openForReading(keys, { ...item, ...change })]).toEqual([
        Object.keys(change),
        undefined,
      ]);
  });

  it('needs the root key it was wrapped with', async () => {
    const item = await atRest();
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

  it('does not open what a key wrapped that is not here any more', async () => {
    const sealed = sealedSample({ orgId, apiKeyId, to: transit, said: 'hello' });
    const other = { ...keys, transit: createLaunchedWrapping(Buffer.alloc(32, 7)) };
    const by = { transitKey: { wrappedPrivate: transit.wrappedPrivate, wrappedBy }, atRestKey };
    expect(await rewrapContentKeys(keys, sealed, by)).toBeDefined();
    await expect(rewrapContentKeys(other, sealed, by)).rejects.toThrow(WrappingKeyAwayError);
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
