import { describe, expect, it } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import { simdWalk } from './engine.js';
import { JsonScanner } from './json-scanner.js';
import { openMachine } from './simd/machine.js';
import { knownNames } from './top-level-fields.js';

const canary = 'c4n4rY-of-the-document';
const limits = { nestingMax: 16, topLevelFieldsMax: 16 };

/** An engine of its own whose whole memory can be looked at. */
const open = () => {
  const opened = openMachine();
  const memory = Buffer.from(opened.state.buffer);
  const scanner = () => new JsonScanner(knownNames(['model']), limits, simdWalk(opened));
  return { scanner, holds: (needle = canary) => memory.includes(needle) };
};
const begun = Buffer.from(`{"model":"${canary}`);

describe('the memory of the engine', () => {
  it('holds the input of an unfinished document until wipe(), as the control, and not after it', () => {
    const { scanner, holds } = open();
    const cutOff = scanner();
    cutOff.feed(begun);
    expect(holds()).toBe(true);
    cutOff.wipe();
    expect(holds()).toBe(false);
  });

  it('holds nothing after finish(), however many blocks there were', () => {
    const { scanner, holds } = open();
    const whole = scanner();
    whole.feed(Buffer.from(`{"model":"${`${canary} `.repeat(9_000)}`));
    expect(holds()).toBe(true);
    whole.feed(Buffer.from('"}'));
    whole.finish();
    expect(holds('4rY')).toBe(false);
  });

  it('holds nothing after wipe() of a document that was refused', () => {
    const { scanner, holds } = open();
    const refused = scanner();
    expect(() => refused.feed(Buffer.from(`{"${canary}":01}`))).toThrow(LetheError);
    expect(holds()).toBe(true);
    refused.wipe();
    expect(holds('4rY')).toBe(false);
  });

  it('holds nothing of a document once another one that was read between its chunks is over', () => {
    const { scanner, holds } = open();
    const [first, second] = [scanner(), scanner()];
    first.feed(begun);
    second.feed(Buffer.from('{"mo'));
    first.feed(Buffer.from(canary));
    second.feed(Buffer.from('del":1}'));
    second.finish();
    expect(holds('4rY')).toBe(false);
    first.feed(Buffer.from(`${canary}"}`));
    expect(first.finish().fields).toHaveLength(1);
    expect(holds('4rY')).toBe(false);
  });

  it('keeps a key that a chunk ended within only until wipe()', () => {
    const made: Buffer[] = [];
    const { scanner } = open();
    const cutKey = scanner();
    const original = Buffer.alloc;
    try {
      Buffer.alloc = (size: number) => {
        const buffer = original(size);
        made.push(buffer);
        return buffer;
      };
      cutKey.feed(Buffer.from(`{"${canary}`));
    } finally {
      Buffer.alloc = original;
    }
    expect(made.some((buffer) => buffer.includes(canary))).toBe(true);
    cutKey.wipe();
    expect(made.every((buffer) => buffer.every((byte) => byte === 0))).toBe(true);
  });
});
