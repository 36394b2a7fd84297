import { describe, expect, it } from '@jest/globals';
import { readAhead } from './read-ahead.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('reading ahead', () => {
  it('asks for each file once, in order, at most sixteen beside the one that is waited for', async () => {
    const asked: string[] = [];
    let [open, openMost] = [0, 0];
    const read = readAhead(
      async (path) => {
        asked.push(path);
        open += 1;
        openMost = Math.max(openMost, open);
        await settled();
        open -= 1;
        return Buffer.from(path);
      },
      256 * 30 + 7,
      true,
    );
    const wanted = Array.from({ length: 30 }, (_, index) => [
      `tile/0/${String(index).padStart(3, '0')}`,
      `tile/entries/${String(index).padStart(3, '0')}`,
    ]).flat();
    for (const path of [...wanted, 'tile/0/030.p/7', 'tile/1/000.p/30'])
      expect(Buffer.from((await read(path)) ?? '').toString()).toBe(path);
    expect(asked).toEqual([...wanted, 'tile/0/030.p/7', 'tile/1/000.p/30']);
    expect(openMost).toBe(17);
  });

  it('hands a failure to whoever asks for that file, and to nobody else', async () => {
    const read = readAhead(
      async (path) => {
        if (path === 'tile/0/002') throw new Error('away');
        return Buffer.from(path);
      },
      256 * 4,
      false,
    );
    await read('tile/0/000');
    await settled();
    await expect(read('tile/0/002')).rejects.toThrow('away');
    expect(await read('tile/0/003')).toBeDefined();
  });
});
