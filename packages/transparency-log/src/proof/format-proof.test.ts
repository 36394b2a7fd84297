import { describe, expect, it } from '@jest/globals';
import { TestLog } from '../testing/test-log.js';
import { formatProof } from './format-proof.js';
import { inclusionProof } from './inclusion.js';

const log = TestLog.decimal(7);
const checkpoint = log.note();
const path = inclusionProof(4, 7, log.nodes);

describe('the text of a proof', () => {
  it('has its lines in the order of the format', () => {
    const hashes = path.map((hash) => `${hash.toString('base64')}\n`).join('');
    expect(formatProof({ extra: Buffer.from('4'), index: 4, path, checkpoint })).toBe(
      `c2sp.org/tlog-proof@v1\nextra NA==\nindex 4\n${hashes}\n${checkpoint}`,
    );
    expect(formatProof({ index: 4, path, checkpoint })).toBe(
      `c2sp.org/tlog-proof@v1\nindex 4\n${hashes}\n${checkpoint}`,
    );
  });

  it('is not made of parts that cannot be one', () => {
    expect(() => formatProof({ index: -1, path, checkpoint })).toThrow('proof_invalid');
    expect(() => formatProof({ index: 4, path: [Buffer.alloc(31)], checkpoint })).toThrow('proof_invalid');
    expect(() => formatProof({ index: 4, path: Array(64).fill(path[0]), checkpoint })).toThrow(
      'proof_invalid',
    );
    expect(() => formatProof({ index: 4, path, checkpoint, extra: Buffer.alloc(0) })).toThrow(
      'proof_invalid',
    );
    expect(() => formatProof({ index: 4, path, checkpoint, extra: Buffer.alloc(65_536) })).toThrow(
      'entry_too_long',
    );
    expect(() => formatProof({ index: 4, path, checkpoint: log.body() })).toThrow('note_invalid');
  });
});
