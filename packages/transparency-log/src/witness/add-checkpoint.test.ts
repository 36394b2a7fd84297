import { describe, expect, it } from '@jest/globals';
import { addSignatures, openNote, signNote } from '../checkpoint/note.js';
import { makeCosigner } from '../checkpoint/signer.js';
import { consistencyProof } from '../proof/consistency.js';
import { logSigner, TestLog } from '../testing/test-log.js';
import { formatAddCheckpoint, readWitnessAnswer, type WitnessAnswer } from './add-checkpoint.js';

const log = TestLog.decimal(7);
const checkpoint = log.note();
const witness = makeCosigner('witness.example/w1', Buffer.alloc(32, 9), () => 1_795_287_600);
const stranger = makeCosigner('witness.example/w2', Buffer.alloc(32, 10), () => 1_795_287_600);
const lines = (...signers: (typeof witness)[]): string =>
  signNote(log.body(), signers).slice(log.body().length + 1);
const answer = (part: Partial<WitnessAnswer>): WitnessAnswer => ({
  status: 200,
  contentType: undefined,
  body: lines(witness),
  checkpoint,
  oldSize: 3,
  witnessKeys: [witness.verifierKey],
  ...part,
});

describe('a request to a witness', () => {
  it('has the old size, the proof, an empty line and the note', () => {
    const proof = consistencyProof(3, 7, log.nodes);
    const encoded = proof.map((hash) => hash.toString('base64'));
    expect(formatAddCheckpoint({ oldSize: 3, proof, checkpoint })).toBe(
      `old 3\n${encoded.join('\n')}\n\n${checkpoint}`,
    );
    expect(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint })).toBe(`old 0\n\n${checkpoint}`);
  });

  it('is not made of what a witness would refuse', () => {
    const hash = Buffer.alloc(32);
    expect(() => formatAddCheckpoint({ oldSize: -1, proof: [], checkpoint })).toThrow('proof_invalid');
    expect(() => formatAddCheckpoint({ oldSize: 1, proof: [Buffer.alloc(31)], checkpoint })).toThrow(
      'proof_invalid',
    );
    expect(() => formatAddCheckpoint({ oldSize: 1, proof: Array(64).fill(hash), checkpoint })).toThrow(
      'proof_invalid',
    );
    expect(() => formatAddCheckpoint({ oldSize: 1, proof: [], checkpoint: 'x' })).toThrow('note_invalid');
  });
});

describe('a witness that answers', () => {
  it('with cosignatures: the verified ones of known keys are given on', () => {
    const verdict = readWitnessAnswer(answer({ body: lines(stranger, witness) }));
    expect(verdict).toEqual({ kind: 'cosigned', lines: [lines(witness)] });
    const cosigned = addSignatures(checkpoint, verdict.kind === 'cosigned' ? verdict.lines : []);
    expect(openNote(cosigned, [logSigner.verifierKey, witness.verifierKey])).toMatchObject({
      signatures: [{ name: logSigner.name }, { name: witness.name }],
    });
  });

  it('with a size: that is where to start again', () => {
    for (const contentType of ['text/x.tlog.size', 'Text/X.tlog.size; charset=utf-8'])
      expect(readWitnessAnswer(answer({ status: 409, contentType, body: '5\n' }))).toEqual({
        kind: 'conflict',
        size: 5,
      });
  });

  it.each<[string, Partial<WitnessAnswer>, string]>([
    ['a cosignature of another tree', { body: signNote('x\n', [witness]).slice(3) }, 'cosignature_wrong'],
    ['only unknown keys', { body: lines(stranger) }, 'cosignature_wrong'],
    ['no lines', { body: '' }, 'answer_malformed'],
    ['a page', { body: '<html></html>' }, 'answer_malformed'],
    ['too much', { body: 'x'.repeat(200_000) }, 'answer_malformed'],
    ['another root at the same size', { status: 409, contentType: 'text/plain', body: 'differs' }, 'fork'],
    ['the very size that was sent', { status: 409, contentType: 'text/x.tlog.size', body: '3\n' }, 'fork'],
    [
      'a size with a zero before',
      { status: 409, contentType: 'text/x.tlog.size', body: '05\n' },
      'answer_malformed',
    ],
    [
      'a size without newline',
      { status: 409, contentType: 'text/x.tlog.size', body: '5' },
      'answer_malformed',
    ],
    ['400', { status: 400 }, 'request_refused'],
    ['403', { status: 403 }, 'signature_refused'],
    ['404', { status: 404 }, 'origin_unknown'],
    ['422', { status: 422 }, 'proof_refused'],
    ['503', { status: 503 }, 'unavailable'],
    ['302', { status: 302 }, 'unavailable'],
  ])('with %s is refused', (_, part, code) => {
    expect(readWitnessAnswer(answer(part))).toEqual({ kind: 'refused', code });
  });
});
