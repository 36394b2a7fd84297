import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readLaunch } from './launch.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what the launcher hands over', () => {
  it('is its first line, however that is cut', async () => {
    const given = { secret: 'é€😀', port: 4000 };
    const bytes = Buffer.from(`${JSON.stringify(given)}\n`);
    for (let at = 0; at <= bytes.length; at += 1) {
      const input = new PassThrough();
      const launch = readLaunch(input);
      input.write(bytes.subarray(0, at));
      await turn();
      input.write(bytes.subarray(at));
      expect((await launch).first).toEqual(given);
      input.end();
    }
  });

  it('may end its lines as other systems do, and may be all it says', async () => {
    const input = new PassThrough();
    input.write('{"a":1}\r\n');
    expect((await readLaunch(input)).first).toEqual({ a: 1 });
    const brief = new PassThrough();
    brief.end('{"a":2}');
    const launch = await readLaunch(brief);
    expect(launch.first).toEqual({ a: 2 });
    await launch.closed;
  });

  it('is not there when the pipe closes first', async () => {
    const input = new PassThrough();
    input.end();
    await expect(readLaunch(input)).rejects.toThrow(
      'the launcher closed the pipe before it handed anything over',
    );
  });

  it.each(['CANARY-7f1f', '{"a":CANARY-7f1f}', '', '{'])(
    'is never quoted when it is not JSON: %j',
    async (line) => {
      const input = new PassThrough();
      input.write(`${line}\n`);
      const thrown: unknown = await readLaunch(input).catch((error) => error);
      expect(String(thrown)).toBe('Error: the launcher sent a line that is not JSON');
      expect((thrown as Error).cause).toBeUndefined();
    },
  );
});

describe('later lines', () => {
  it('reach every listener, in order', async () => {
    const input = new PassThrough();
    input.write('{"n":0}\n');
    const launch = await readLaunch(input);
    const [one, two]: unknown[][] = [[], []];
    launch.onUpdate((value) => one?.push(value));
    launch.onUpdate((value) => two?.push(value));
    input.write('{"n":1}\n{"n"');
    await turn();
    input.write(':2}\n');
    await turn();
    expect([one, two]).toEqual(Array(2).fill([{ n: 1 }, { n: 2 }]));
  });

  it('that come before anybody listens are not lost', async () => {
    const input = new PassThrough();
    input.write('{"n":0}\n{"n":1}\n{"n":2}\n');
    const launch = await readLaunch(input);
    await turn();
    const heard: unknown[] = [];
    launch.onUpdate((value) => heard.push(value));
    input.write('{"n":3}\n');
    await turn();
    expect(heard).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('end with the pipe, and that can be waited for', async () => {
    const input = new PassThrough();
    input.write('{}\n');
    const launch = await readLaunch(input);
    let over = false;
    void launch.closed.then(() => {
      over = true;
    });
    await turn();
    expect(over).toBe(false);
    input.end();
    await launch.closed;
    expect(over).toBe(true);
  });
});
