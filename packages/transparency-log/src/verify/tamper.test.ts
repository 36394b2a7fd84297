import { describe, expect, it } from '@jest/globals';
import { addSignatures, signNote } from '../checkpoint/note.js';
import { makeCosigner } from '../checkpoint/signer.js';
import { consistencyProof } from '../proof/consistency.js';
import { logSigner, origin, TestLog } from '../testing/test-log.js';
import { verifyConsistency } from './merkle.js';
import { type VerifyPolicy, verifyCheckpoint } from './verify-checkpoint.js';
import { verifyGrowth } from './verify-growth.js';
import { verifyProof } from './verify-proof.js';
import { verifyTiles } from './verify-tiles.js';

const isLong = process.env.LETHE_LONG === '1';
const witness = makeCosigner('witness.example/w1', Buffer.alloc(32, 9), () => 1_795_287_600);
const policy: VerifyPolicy = {
  logVerifierKey: logSigner.verifierKey,
  witnesses: [witness.verifierKey],
  quorum: 1,
};
const log = TestLog.decimal(300);
const withFlip = (bytes: Buffer, at: number, bit: number): Buffer => {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] as number) ^ (1 << bit);
  return flipped;
};

/** How many flips of one bit the check lets pass; every bit of the bytes is tried. */
const unnoticed = (bytes: Buffer, passes: (altered: Buffer) => boolean): number[] => {
  const missed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1)
    for (let bit = 0; bit < 8; bit += 1) if (passes(withFlip(bytes, at, bit))) missed.push(at * 8 + bit);
  return missed;
};

describe('one bit flipped', () => {
  it('anywhere in a proof is noticed', () => {
    const proof = Buffer.from(log.proof(123, witness));
    expect(verifyProof(proof, policy)).toMatchObject({ ok: true, index: 123, entry: Buffer.from('123') });
    expect(unnoticed(proof, (altered) => verifyProof(altered, policy).ok)).toEqual([]);
  });

  it('anywhere in a checkpoint is noticed', () => {
    const note = Buffer.from(log.note(witness));
    expect(verifyCheckpoint(note, policy).ok).toBe(true);
    expect(unnoticed(note, (altered) => verifyCheckpoint(altered, policy).ok)).toEqual([]);
  });

  it('in a signature that no policy names is not an error, which shows that flips reach the verifier', () => {
    const note = Buffer.from(log.note(witness));
    const alone: VerifyPolicy = { logVerifierKey: logSigner.verifierKey };
    expect(unnoticed(note, (altered) => verifyCheckpoint(altered, alone).ok).length).toBeGreaterThan(100);
  });

  it('anywhere in a consistency proof or in one of its roots is noticed', () => {
    const parts = [TestLog.decimal(77).root, log.root, ...consistencyProof(77, 300, log.nodes)];
    const passes = (bytes: Buffer): boolean => {
      const [from, to, ...proof] = parts.map((_, at) => bytes.subarray(at * 32, at * 32 + 32));
      return verifyConsistency({ size: 77, root: from as Buffer }, { size: 300, root: to as Buffer }, proof)
        .ok;
    };
    expect(passes(Buffer.concat(parts))).toBe(true);
    expect(unnoticed(Buffer.concat(parts), passes)).toEqual([]);
  });

  it('in any hash of any tile and in any byte of any bundle is noticed, and named', async () => {
    const checkpoint = { size: 300, root: log.root };
    const readWith = (path: string, bytes: Buffer) => async (wanted: string) =>
      wanted === path ? bytes : log.files.get(wanted);
    expect(await verifyTiles({ readTile: log.readTile, checkpoint })).toEqual({ ok: true, size: 300 });
    let tried = 0;
    for (const [path, bytes] of log.files) {
      for (let at = 0; at < bytes.length; at += isLong || path.includes('entries') ? 1 : 29) {
        const readTile = readWith(path, withFlip(bytes, at, (at * 5) % 8));
        const verdict = await verifyTiles({ readTile, checkpoint });
        expect(verdict).toMatchObject({ ok: false, at: { index: expect.anything() } });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(1_500);
  }, 120_000);

  it('in a tile, hash tiles alone: the root no longer follows', async () => {
    const tile = log.files.get('tile/0/000') as Buffer;
    const readTile = async (path: string) =>
      path === 'tile/0/000' ? withFlip(tile, 40, 0) : log.files.get(path);
    const checkpoint = { size: 300, root: log.root };
    expect(await verifyTiles({ readTile: log.readTile, checkpoint, entries: false })).toMatchObject({
      ok: true,
    });
    expect(await verifyTiles({ readTile, checkpoint, entries: false })).toMatchObject({
      ok: false,
      code: 'tile_differs',
      at: { level: 1, index: 0 },
    });
  });

  it('in a tile that a growth check reads is noticed', async () => {
    const from = { size: 77, root: TestLog.decimal(77).root };
    const to = { size: 300, root: log.root };
    expect(await verifyGrowth(log.readTile, from, to)).toEqual({ ok: true });
    const tile = log.files.get('tile/0/000') as Buffer;
    let noticed = 0;
    for (let at = 0; at < tile.length; at += 32) {
      const readTile = async (path: string) =>
        path === 'tile/0/000' ? withFlip(tile, at, 3) : log.files.get(path);
      noticed += (await verifyGrowth(readTile, from, to)).ok ? 0 : 1;
    }
    expect(noticed).toBe(256);
  });
});

describe('a whole part altered', () => {
  const checkpoint = { size: 300, root: log.root };

  it.each<[string, (paths: Map<string, Buffer>) => void, string]>([
    ['a missing tile', (files) => files.delete('tile/0/000'), 'tile_missing'],
    ['a missing bundle', (files) => files.delete('tile/entries/000'), 'bundle_missing'],
    ['a missing upper tile', (files) => files.delete('tile/1/000.p/1'), 'tile_missing'],
    ['a cut tile', (files) => files.set('tile/0/000', Buffer.alloc(8_191)), 'tile_malformed'],
    ['a cut bundle', (files) => files.set('tile/entries/001.p/44', Buffer.from([0])), 'bundle_malformed'],
    ['an empty bundle', (files) => files.set('tile/entries/001.p/44', Buffer.alloc(0)), 'bundle_malformed'],
    [
      'an entry too many',
      (files) => {
        const bundle = files.get('tile/entries/001.p/44') as Buffer;
        files.set('tile/entries/001.p/44', Buffer.concat([bundle, Buffer.from([0, 1, 65])]));
      },
      'bundle_malformed',
    ],
    [
      'two leaves swapped in tile and bundle',
      (files) => {
        const swapped = new TestLog();
        const entries = [...log.entries];
        [entries[5], entries[6]] = [entries[6] as Buffer, entries[5] as Buffer];
        swapped.append(entries);
        for (const [path, bytes] of swapped.files) files.set(path, bytes);
      },
      'root_differs',
    ],
  ])('%s is noticed', async (_, alter, code) => {
    const files = new Map(log.files);
    alter(files);
    const readTile = async (path: string) => files.get(path);
    expect(await verifyTiles({ readTile, checkpoint })).toMatchObject({ ok: false, code });
  });

  it('a reader that fails is a verdict, not an error', async () => {
    const readTile = async () => {
      throw new Error('no network');
    };
    expect(await verifyTiles({ readTile, checkpoint })).toMatchObject({ ok: false, code: 'read_failed' });
    expect(await verifyGrowth(readTile, { size: 1, root: log.root }, checkpoint)).toMatchObject({
      ok: false,
      code: 'read_failed',
    });
  });

  it('a fork is noticed, at the kept tree head', async () => {
    const fork = new TestLog();
    fork.append([...log.entries.slice(0, 99), Buffer.from('another'), ...log.entries.slice(100)]);
    const kept = { size: 100, root: TestLog.decimal(100).root };
    const head = { size: 300, root: fork.root };
    expect(await verifyTiles({ readTile: fork.readTile, checkpoint: head })).toEqual({ ok: true, size: 300 });
    expect(await verifyTiles({ readTile: fork.readTile, checkpoint: head, earlier: [kept] })).toEqual({
      ok: false,
      code: 'root_differs',
      at: { size: 100 },
    });
    expect(await verifyGrowth(fork.readTile, kept, head)).toMatchObject({ ok: false, code: 'root_differs' });
    expect(await verifyGrowth(log.readTile, kept, checkpoint)).toEqual({ ok: true });
  });

  it('a log that shrank or stood still is told apart', async () => {
    const head = { size: 300, root: log.root };
    expect(await verifyGrowth(log.readTile, head, { size: 299, root: log.root })).toMatchObject({
      code: 'size_invalid',
    });
    expect(await verifyGrowth(log.readTile, head, head)).toEqual({ ok: true });
    expect(verifyConsistency(head, { size: 300, root: TestLog.decimal(299).root }, [])).toMatchObject({
      code: 'root_differs',
    });
  });
});

describe('signatures', () => {
  const other = makeCosigner('witness.example/w2', Buffer.alloc(32, 10), () => 1);
  const twin = makeCosigner('witness.example/twin', Buffer.alloc(32, 9), () => 1);
  const note = log.note();
  const both = log.note(witness, other);
  const logVerifierKey = logSigner.verifierKey;

  it('of witnesses are counted against the quorum', () => {
    const witnesses = [witness.verifierKey, other.verifierKey];
    expect(verifyCheckpoint(both, { logVerifierKey, witnesses })).toMatchObject({
      ok: true,
      cosignedBy: [
        { witness: 'witness.example/w1', signedAtSeconds: 1_795_287_600 },
        { witness: 'witness.example/w2', signedAtSeconds: 1 },
      ],
    });
    const one = log.note(other);
    expect(verifyCheckpoint(one, { logVerifierKey, witnesses })).toMatchObject({ code: 'quorum_missed' });
    expect(verifyCheckpoint(one, { logVerifierKey, witnesses, quorum: 1 })).toMatchObject({ ok: true });
    expect(verifyCheckpoint(note, { logVerifierKey, witnesses, quorum: 0 })).toMatchObject({
      cosignedBy: [],
    });
  });

  it('of one witness under two names, or repeated, count once', () => {
    const witnesses = [witness.verifierKey, twin.verifierKey];
    expect(verifyCheckpoint(both, { logVerifierKey, witnesses })).toMatchObject({ code: 'policy_invalid' });
    const line = `${log.note(witness).trimEnd().split('\n').at(-1)}\n`;
    const pinned = [witness.verifierKey, other.verifierKey];
    expect(
      verifyCheckpoint(note + line + line, { logVerifierKey, witnesses: pinned, quorum: 2 }),
    ).toMatchObject({
      code: 'quorum_missed',
    });
  });

  it('made by a witness of another checkpoint do not count', () => {
    const older = TestLog.decimal(299);
    const line = `${older.note(witness).trimEnd().split('\n').at(-1)}\n`;
    const moved = addSignatures(note, [line]);
    expect(verifyCheckpoint(moved, policy)).toMatchObject({ code: 'signature_wrong' });
  });

  it.each<[string, VerifyPolicy]>([
    ['no key', { logVerifierKey: '' }],
    ['a witness as the log', { logVerifierKey: witness.verifierKey }],
    ['a log as a witness', { logVerifierKey, witnesses: [logVerifierKey] }],
    ['a quorum above the witnesses', { logVerifierKey, witnesses: [witness.verifierKey], quorum: 2 }],
    ['a negative quorum', { logVerifierKey, quorum: -1 }],
    ['half a quorum', { logVerifierKey, witnesses: [witness.verifierKey], quorum: 0.5 }],
    [
      "the log's own key as witness",
      {
        logVerifierKey,
        witnesses: [makeCosigner('w', Buffer.alloc(32, 7), () => 1).verifierKey],
      },
    ],
    ['a key whose id does not fit', { logVerifierKey: logVerifierKey.replace('+a6', '+a7') }],
  ])('are not checked with a policy of %s', (_, wrong) => {
    expect(verifyCheckpoint(note, wrong)).toEqual({ ok: false, code: 'policy_invalid' });
  });

  it('of another log, or by another key of that name, are refused', () => {
    const swapped = makeCosigner(origin, Buffer.alloc(32, 3), () => 1);
    expect(verifyCheckpoint(signNote(log.body(), [swapped]), { logVerifierKey })).toMatchObject({
      code: 'signature_unknown',
    });
    const elsewhere = signNote(log.body().replace(origin, 'other.example'), [logSigner]);
    expect(verifyCheckpoint(elsewhere, { logVerifierKey })).toMatchObject({ code: 'origin_differs' });
    const extended = signNote(`${log.body()}extension\n`, [logSigner]);
    expect(verifyCheckpoint(extended, { logVerifierKey })).toMatchObject({ code: 'checkpoint_malformed' });
  });
});
