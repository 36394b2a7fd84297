import { describe, expect, it } from '@jest/globals';
import {
  consistencyProof,
  emptyRoot,
  hashLeaf,
  inclusionProof,
  makeSigner,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from './index.js';
import { logSigner, origin, TestLog } from './testing/test-log.js';

const roots: readonly (readonly [size: number, root: string])[] = [
  [1, '2zQm6HgGjSjSabbIcXIyLOU3K2V1bQeJAB00g19gHAM='],
  [2, 'ywCYnZSlacCmeK4EK2Pc1GJduWRAUX83put5duok7Us='],
  [3, 'cl1SMNto9VdHDcNfHYhlgTrNfrsHrRUndBQd7LrnEyc='],
  [5, 'tnSPbtepnefahP2X4aO6xvq4mZ9KQ2lcq5Uoot5DEUc='],
  [7, 'o+I7Msy2v5bQktFl2KpUbgmCnejwOw6JV1gdHha5K98='],
  [8, 'O4WpYmwcy2TGuV7H+mSIje/izxLjnnfhCBLOX8uctY4='],
  [255, 'Mvhbyqh9e80Fco8J6a66NQumovczgwCH8Fl2goSL5cs='],
  [256, 'goUV0DPBnYyQHzfsy4rtkZZncDSG+NL/8c9wQDIcXbE='],
  [257, 'HtoEmkNR2G92JSvX7At3Rq11t/oDFq1fVB29pFijEsQ='],
  [700, 'Oc3YzY/VBQuv2qO2fjmk0udxH5Cphg7IbaCFbY1DIRA='],
  [70_000, 'Gkzfy2Y3SgwNy+9JrL1JdtE+6GT7PLJB/JQ8rQTwL34='],
];
const inclusion4in7 = [
  'UzBPXj/UvNILOave8v4RgDHMWughe86gCN6n4nhpNIo=',
  'O/nIHCMcrnC2eNPzA4+fT21rnXrc+bN48lkZrlPRdoY=',
  'n0o/wg1BYtw31OI9kHhIcxp2BD//9taSiL8av7z/R44=',
];
const consistency3to7 = [
  '+mHj3sNDlYn0eEyJO/Mh0AhPBMVyx68raOPzNgo1tIY=',
  'kGxdJIXK5yIHOkMPTQT+F2dQdZLO8iZimurbhaLskJ0=',
  'ywCYnZSlacCmeK4EK2Pc1GJduWRAUX83put5duok7Us=',
  'lz8IOVfHNZ+xlDrPnmaJvKbKXqcZfYCKrTwUSYaJ7+A=',
];
const consistency4to7 = ['lz8IOVfHNZ+xlDrPnmaJvKbKXqcZfYCKrTwUSYaJ7+A='];
const base64 = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((hash) => Buffer.from(hash).toString('base64'));

describe('known answers of the encodings', () => {
  const log = TestLog.decimal(7);
  const root = Buffer.from('o+I7Msy2v5bQktFl2KpUbgmCnejwOw6JV1gdHha5K98=', 'base64');

  it('hashes nothing and the empty entry', () => {
    expect(emptyRoot().toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(hashLeaf(Buffer.alloc(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  it.each(roots)('root of %d leaves', (size, expected) => {
    expect(TestLog.decimal(size).root.toString('base64')).toBe(expected);
  });

  it('proves leaf 4 of 7', () => {
    const path = inclusionProof(4, 7, log.nodes);
    expect(base64(path)).toEqual(inclusion4in7);
    const leafHash = hashLeaf(Buffer.from('4'));
    expect(verifyInclusion({ leafHash, index: 4, size: 7, path, root })).toEqual({ ok: true });
  });

  it.each([
    [3, consistency3to7],
    [4, consistency4to7],
  ])('proves that 7 leaves extend %d', (from, expected) => {
    const proof = consistencyProof(from, 7, log.nodes);
    expect(base64(proof)).toEqual(expected);
    const old = { size: from, root: TestLog.decimal(from).root };
    expect(verifyConsistency(old, { size: 7, root }, proof)).toEqual({ ok: true });
  });

  it('signs the checkpoint of 7 leaves', () => {
    const { verifierKey } = makeSigner(origin, Buffer.alloc(32, 0x07));
    expect(verifierKey).toBe('audit.lethe.example/v1+a62a310f+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs');
    const note = log.note();
    expect(note).toBe(
      `audit.lethe.example/v1\n7\no+I7Msy2v5bQktFl2KpUbgmCnejwOw6JV1gdHha5K98=\n\n` +
        '— audit.lethe.example/v1 pioxD+0H8awZbN5hHf0MpbTVnQi0teQKNvdaaaoagh9IJQ+KmiuLA4cjrO24GsZ51mUOUJ2+0MTaaRzGpgZHvuhqzAQ=\n',
    );
    const verdict = verifyCheckpoint(note, { logVerifierKey: logSigner.verifierKey });
    expect(verdict).toEqual({ ok: true, origin, size: 7, root, cosignedBy: [] });
  });
});
