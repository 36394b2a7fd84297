import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { listenTo } from './child-lines.js';

const heard = (pieces: readonly string[]) => {
  const stdout = new PassThrough();
  const said: unknown[] = [];
  listenTo(stdout, { onFirst: (isReady) => said.push(isReady), onWorkers: (pids) => said.push(pids) });
  for (const piece of pieces) stdout.write(piece);
  return new Promise<unknown[]>((resolve) => {
    stdout.once('end', () => resolve(said));
    stdout.end();
  });
};

describe('what a child tells its launcher', () => {
  it('is heard line by line, however it was cut', async () => {
    const text = '{"workers":[7,8]}\n{"ready":true,"pid":1}\n{"workers":[9]}\n';
    expect(await heard([text])).toEqual([[7, 8], true, [9]]);
    expect(await heard([...text])).toEqual([[7, 8], true, [9]]);
  });

  it('is ready by its first line or not at all', async () => {
    expect(await heard(['{"ready":false}\n{"ready":true}\n'])).toEqual([false]);
    expect(await heard(['hello\n{"ready":true}\n'])).toEqual([false]);
  });

  it.each(['{"workers":["7"]}', '{"workers":[0]}', `{"workers":[${Array(65).fill(7).join()}]}`])(
    'is no news about workers when it is %s',
    async (line) => {
      expect(await heard([`{"ready":true}\n${line}\n`])).toEqual([true]);
    },
  );

  it('may be any length: a line longer than ours is dropped, and the next is heard', async () => {
    const long = 'x'.repeat(5_000);
    expect(await heard([`{"ready":true}\n${long}`, `${long}\n`, '{"workers":[7]}\n'])).toEqual([true, [7]]);
    expect(await heard([`${long}\n`])).toEqual([false]);
  });
});
