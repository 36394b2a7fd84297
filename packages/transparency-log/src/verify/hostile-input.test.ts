import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCheckpoint } from '../checkpoint/checkpoint-body.js';
import { openNote } from '../checkpoint/note.js';
import { parseVerifierKey, verifierKey } from '../checkpoint/verifier-key.js';
import { propertyRuns } from '../testing/property-runs.js';
import { logSigner, TestLog } from '../testing/test-log.js';
import { parseTilePath } from '../tile/tile-path.js';
import { readWitnessAnswer } from '../witness/add-checkpoint.js';
import { verifyConsistency, verifyInclusion } from './merkle.js';
import { verifyCheckpoint } from './verify-checkpoint.js';
import { verifyGrowth } from './verify-growth.js';
import { verifyProof } from './verify-proof.js';
import { verifyTiles } from './verify-tiles.js';

const log = TestLog.decimal(20);
const note = log.note();
const proof = log.proof(3);
const policy = { logVerifierKey: logSigner.verifierKey };
const marker = 'CANARY-7f3a';

/** Random text and bytes, and true texts with a part cut out, put in, doubled or exchanged. */
const mangled = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(text.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 30 }))
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }),
  mangled(note),
  mangled(proof),
  mangled(`${note}${proof}`),
  fc.constantFrom('', '\n', '\n\n', '— ', `${note}\n\n`, note.repeat(2), proof.repeat(2), '\u0000'),
);
const anyNumber = fc.oneof(fc.integer(), fc.double(), fc.maxSafeNat(), fc.constantFrom(-0, 2 ** 53, 1e300));
const anyHashes = fc.array(fc.uint8Array({ minLength: 30, maxLength: 33 }), { maxLength: 70 });

describe('hostile input', () => {
  it('never makes the verifier throw or pass, and is never quoted', () => {
    fc.assert(
      fc.property(hostile, (input) => {
        const text = typeof input === 'string' ? input.replace(/./u, `${marker}$&`) : input;
        for (const verdict of [verifyProof(text, policy), verifyCheckpoint(text, policy)]) {
          expect(verdict.ok).toBe(false);
          expect(JSON.stringify(verdict)).not.toContain(marker);
        }
      }),
      propertyRuns(600),
    );
  });

  it('passes only when nothing was altered', () => {
    fc.assert(
      fc.property(fc.oneof(mangled(proof), fc.constant(proof)), (text) => {
        expect(verifyProof(text, policy).ok).toBe(text === proof);
      }),
      propertyRuns(600),
    );
  });

  it('never makes the parsers of the writer throw', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 100, max: 599 }), (input, status) => {
        const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1');
        expect(parseTilePath(text)).toBeUndefined();
        expect(parseVerifierKey(text)).toBeUndefined();
        parseCheckpoint(text);
        openNote(text, [logSigner.verifierKey]);
        const answer = { contentType: text, body: text, checkpoint: note, oldSize: 1, witnessKeys: [] };
        expect(readWitnessAnswer({ ...answer, status }).kind).toBe('refused');
        expect(readWitnessAnswer({ ...answer, status: 409 }).kind).toBe('refused');
        expect(readWitnessAnswer({ ...answer, status: 200 }).kind).toBe('refused');
      }),
      propertyRuns(300),
    );
  });

  it('of numbers and hashes never makes the proofs pass', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, anyHashes, (a, b, hashes) => {
        const [leafHash = Buffer.alloc(0), root = Buffer.alloc(1), ...path] = hashes;
        expect(verifyInclusion({ leafHash, root, path, index: a, size: b }).ok).toBe(false);
        const verdict = verifyConsistency({ size: a, root: leafHash }, { size: b, root }, path);
        expect(verdict.ok).toBe(false);
      }),
      propertyRuns(500),
    );
  });

  it('of tiles never makes a walk throw or pass', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.uint8Array({ minLength: 640, maxLength: 640 }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.integer({ min: 1, max: 600 }), async (hashes, entries, size) => {
        const readTile = async (path: string) => (path.includes('entries') ? entries : hashes);
        const head = { size, root: log.root };
        for (const whole of [true, false])
          expect((await verifyTiles({ readTile, checkpoint: head, entries: whole })).ok).toBe(false);
        const kept = { size: Math.ceil(size / 2), root: Buffer.alloc(32) };
        expect((await verifyGrowth(readTile, kept, head)).ok).toBe(false);
      }),
      propertyRuns(150),
    );
  });

  it('as a pinned key never makes the verifier throw or pass', () => {
    const zeroes = fc.constant(new Uint8Array(32));
    const keys = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), zeroes);
    fc.assert(
      fc.property(keys, hostile, (publicKey, text) => {
        const logVerifierKey = verifierKey(logSigner.name, publicKey);
        expect(verifyCheckpoint(note, { logVerifierKey })).toMatchObject({ code: 'signature_unknown' });
        const pinned = { logVerifierKey: typeof text === 'string' ? text : '', witnesses: [logVerifierKey] };
        expect(verifyCheckpoint(note, pinned)).toEqual({ ok: false, code: 'policy_invalid' });
      }),
      propertyRuns(200),
    );
  });

  it.each([
    ['a proof', () => verifyProof('x'.repeat(300_000), policy)],
    ['a checkpoint', () => verifyCheckpoint('x'.repeat(300_000), policy)],
    ['a note of many signatures', () => verifyCheckpoint(note + '— x AAAAAAA=\n'.repeat(70), policy)],
  ])('that is too large is refused unread: %s', (_, verify) => {
    expect(verify()).toEqual({ ok: false, code: 'too_large' });
  });

  it('of too many or impossible tree heads is refused', async () => {
    const head = { size: 20, root: log.root };
    const many = Array.from({ length: 10_001 }, () => head);
    const { readTile } = log;
    expect(await verifyTiles({ readTile, checkpoint: head, earlier: many })).toMatchObject({
      code: 'too_large',
    });
    for (const earlier of [
      { size: 21, root: log.root },
      { size: -1, root: log.root },
      { size: 1, root: Buffer.alloc(3) },
    ])
      expect(await verifyTiles({ readTile, checkpoint: head, earlier: [earlier] })).toMatchObject({
        code: 'size_invalid',
      });
  });
});
