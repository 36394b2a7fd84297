import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  type ApiKeyId,
  type InsightId,
  newUuidV7,
  type OrgId,
  type SealedPayloadRecord,
  uuidBytes,
} from '@lethe/contracts';
import { generateTransitKeyPair, openPayload, unsealContentKey } from '@lethe/sealed-payload';
import { openWrites } from '../testing/open-writes.js';
import { readableLog } from '../testing/scripted-log.js';
import { ScriptedStore } from '../testing/scripted-store.js';
import { HeldBytes } from './held-bytes.js';
import { RawRequests } from './keep-raw-request.js';
import { ObjectUploads } from './object-uploads.js';

const transit = generateTransitKeyPair();
const sealingKey = { transitKeyId: newUuidV7(), publicKey: transit.publicKey };
const keySha256Hex = 'ab'.repeat(32);
const orgId = newUuidV7() as OrgId;
const apiKeyId = newUuidV7() as ApiKeyId;
const keeper = { keySha256Hex, apiKeyId, orgId, sealingKey };
const text = `{"messages":[{"role":"user","content":"CANARY-7f1f"}]}`;
const bodyOf = (content = text) => {
  const bytes = Buffer.from(content);
  return { bytesTotal: bytes.length, chunks: [bytes.subarray(0, 9), bytes.subarray(9)] };
};
const payloadOf = (change: Partial<SealedPayloadRecord> = {}): SealedPayloadRecord => ({
  insightId: newUuidV7() as InsightId,
  orgId,
  apiKeyId,
  policyVersion: 7n,
  transitKeyId: sealingKey.transitKeyId,
  contentKey: { enc: Buffer.alloc(32, 1), ct: Buffer.alloc(48, 1) },
  nonce: Buffer.alloc(12, 1),
  ciphertext: Buffer.alloc(64, 1),
  ...change,
});

/** The room over a policy that can be tightened, with a store that obeys. */
const roomOf = ({ heldBytesMax = 10_000, bytesMax = 1_000 } = {}) => {
  const world = { listed: false, logging: true, open: true };
  const store = new ScriptedStore();
  const { log, lines } = readableLog();
  const uploads = new ObjectUploads({ writer: store, writes: openWrites(() => world.open), log });
  const held = new HeldBytes(heldBytesMax);
  const sent: SealedPayloadRecord[] = [];
  const raws = new RawRequests({
    policy: {
      apiKey: () => ({ apiKeyId, orgId, logging: world.logging }),
      zdrList: { has: () => world.listed },
    },
    held,
    uploads,
    offer: (payload) => sent.push(payload),
    bytesMax,
  });
  return { world, store, uploads, held, sent, raws, lines };
};
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
};

describe('a raw request under a grant', () => {
  it('is stored sealed under a random key, and its payload carries what opens it', async () => {
    const { raws, store, sent, held, uploads } = roomOf();
    const payload = payloadOf();
    const body = bodyOf();
    const kept = raws.keep(keeper, body);
    expect(held.bytes).toBe(text.length);
    // The original is overwritten long before the answer has ended.
    for (const chunk of body.chunks) chunk.fill(0);
    kept?.follow(payload);
    await settled();
    expect([sent.length, held.bytes, uploads.depth, uploads.stored]).toEqual([1, 0, 0, 1]);
    const [put] = store.puts;
    expect(put?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(put?.body.includes('CANARY')).toBe(false);
    const reference = sent[0]?.rawRequest;
    if (reference === undefined || put === undefined) throw new Error('no reference');
    expect([reference.objectKey, reference.ciphertextBytes]).toEqual([put.key, put.body.length]);
    const binding = {
      orgId: uuidBytes(orgId),
      insightId: uuidBytes(payload.insightId),
      policyVersion: 7n,
      kind: 'raw' as const,
    };
    const by = { transitKeyId: uuidBytes(sealingKey.transitKeyId), privateKey: transit.privateKey };
    const contentKey = unsealContentKey(reference.contentKey, by, binding);
    const sealed = { nonce: reference.nonce, ciphertext: put.body };
    const bound = { ...binding, transitKeyId: by.transitKeyId };
    expect(openPayload(sealed, contentKey, bound).toString()).toBe(text);
    // Bound to what it is: as a payload it opens nothing.
    expect(() => unsealContentKey(reference.contentKey, by, { ...binding, kind: 'payload' })).toThrow();
  });

  it.each(['unavailable', 'timeout', 'denied', 'full'] as const)(
    'that the store does not take (%s) is left out: its payload goes without it, and no second attempt follows',
    async (code) => {
      const { raws, store, sent, held, lines } = roomOf();
      store.answer = () => code;
      raws.keep(keeper, bodyOf())?.follow(payloadOf());
      await settled();
      expect([sent.length, sent[0]?.rawRequest, held.bytes, store.puts.length]).toEqual([1, undefined, 0, 1]);
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { event: 'raw_request.not_stored', code },
      ]);
      expect(lines.join('')).not.toContain('CANARY');
    },
  );

  it('is not copied when it is too long, when there is no room for it, or without a sealing key', () => {
    const { raws, held } = roomOf({ bytesMax: text.length, heldBytesMax: 2 * text.length - 1 });
    expect(raws.keep(keeper, bodyOf(`${text} `))).toBeUndefined();
    expect(raws.keep({ ...keeper, sealingKey: undefined }, bodyOf())).toBeUndefined();
    const first = raws.keep(keeper, bodyOf());
    expect([first !== undefined, raws.keep(keeper, bodyOf())]).toEqual([true, undefined]);
    first?.wipe();
    first?.wipe();
    expect(held.bytes).toBe(0);
    expect(raws.keep(keeper, bodyOf())).toBeDefined();
  });
});

describe('layer 2 is asked at each step', () => {
  it.each([
    ['the list', { listed: true }],
    ['the key', { logging: false }],
  ] as const)(
    '%s: nothing is copied, sealed or put, and the payload is not this layer’s matter',
    async (_what, change) => {
      const early = roomOf();
      Object.assign(early.world, change);
      expect(early.raws.keep(keeper, bodyOf())).toBeUndefined();
      const late = roomOf();
      const kept = late.raws.keep(keeper, bodyOf());
      Object.assign(late.world, change);
      kept?.follow(payloadOf());
      await settled();
      expect([late.store.puts.length, late.sent.length, late.sent[0]?.rawRequest]).toEqual([0, 1, undefined]);
      expect(late.held.bytes).toBe(0);
    },
  );

  it('again right before a put that had to wait for its turn', async () => {
    const { raws, store, sent, world, uploads } = roomOf();
    store.answer = (put) => (put <= 4 ? 'hangs' : 'stores');
    for (let n = 0; n < 6; n += 1) raws.keep(keeper, bodyOf())?.follow(payloadOf());
    await settled();
    expect([store.puts.length, uploads.depth]).toEqual([4, 6]);
    world.listed = true;
    store.settle();
    await settled();
    expect(store.puts.length).toBe(4);
    expect([sent.length, sent.filter(({ rawRequest }) => rawRequest !== undefined).length]).toEqual([6, 4]);
  });

  it('a payload of another owner or sealed to another key takes no raw request along', async () => {
    for (const change of [{ orgId: newUuidV7() as OrgId }, { transitKeyId: newUuidV7() }]) {
      const { raws, store, sent } = roomOf();
      raws.keep(keeper, bodyOf())?.follow(payloadOf(change));
      await settled();
      expect([store.puts.length, sent[0]?.rawRequest]).toEqual([0, undefined]);
    }
  });
});

describe('what the lease protocol commands', () => {
  const full = async () => {
    const room = roomOf();
    room.store.answer = () => 'hangs';
    const payloads = Array.from({ length: 6 }, () => payloadOf());
    for (const payload of payloads) room.raws.keep(keeper, bodyOf())?.follow(payload);
    await settled();
    expect([room.store.puts.length, room.uploads.depth]).toEqual([4, 6]);
    return { ...room, payloads };
  };
  const overwritten = ({ ciphertext }: SealedPayloadRecord): boolean =>
    ciphertext.every((byte) => byte === 0);

  it('R4: a closed gate at the attempt: neither the body nor its payload leaves', async () => {
    const { raws, world, store, sent, held } = roomOf();
    const payload = payloadOf();
    const kept = raws.keep(keeper, bodyOf());
    world.open = false;
    kept?.follow(payload);
    await settled();
    expect([store.puts.length, sent.length, held.bytes, overwritten(payload)]).toEqual([0, 0, 0, true]);
  });

  it('R6: revoked, what waits is dropped with its payload; what is under way is let end and then dropped', async () => {
    const { uploads, store, sent, payloads, held } = await full();
    uploads.revoke([newUuidV7()]);
    expect(uploads.depth).toBe(6);
    uploads.revoke([orgId]);
    expect([uploads.depth, payloads.map(overwritten)]).toEqual([4, [false, false, false, false, true, true]]);
    expect(store.severed).toBe(0);
    store.settle();
    await settled();
    expect([sent.length, held.bytes, payloads.every(overwritten)]).toEqual([0, 0, true]);
  });

  it('R7: reset, every connection is cut and no further attempt follows', async () => {
    const { uploads, store, sent, held } = await full();
    uploads.revoke('all');
    store.answer = () => 'stores';
    uploads.reset();
    await settled();
    expect([store.severed, store.puts.length, sent.length, held.bytes]).toEqual([1, 4, 0, 0]);
  });

  it('at the end what is under way gets its time, the rest is dropped, and nothing is taken on', async () => {
    const { uploads, store, raws, sent, held } = await full();
    await uploads.drain(20);
    expect(store.severed).toBe(1);
    await settled();
    raws.keep(keeper, bodyOf())?.follow(payloadOf());
    await settled();
    expect([store.puts.length, sent.length, held.bytes]).toEqual([4, 0, 0]);
  });
});
