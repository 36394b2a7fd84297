import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ParserSlab } from './parser-slab.js';
import { openPrivateConnection } from './private-connection.js';
import type { Scrub } from './scrub.js';
import { TlsStack } from './tls-stack.js';

const kinds: readonly [string, () => Scrub][] = [
  ['ParserSlab', () => new ParserSlab()],
  ['TlsStack', () => new TlsStack()],
];

/** Names of listening sockets of ours, as everybody on the machine can read them. */
const listening = (): string[] =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => / 00010000 /.test(line))
    .flatMap((line) => /@(lethe-[0-9a-f]{32})@*$/.exec(line)?.[1] ?? []);

describe.each(kinds)('%s', (_name, make) => {
  let scrub: Scrub;
  afterEach(() => scrub.close());

  it('passes again and again over one connection, and nobody can reach it meanwhile', async () => {
    scrub = make();
    for (let pass = 0; pass < 20; pass++) await scrub.pass();
    expect(listening()).toEqual([]);
  });

  it('keeps no stranger that comes while it opens', async () => {
    scrub = make();
    const passed = scrub.pass();
    const strangers: Socket[] = [];
    const ended: Promise<void>[] = [];
    await new Promise((resolve) => setImmediate(resolve));
    for (const name of listening()) {
      const stranger = connect({ path: `\0${name}` });
      stranger.on('error', () => undefined);
      ended.push(new Promise((resolve) => stranger.once('close', () => resolve())));
      stranger.write(`POST /guess HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nz`);
      strangers.push(stranger);
    }
    await passed;
    await Promise.all(ended);
    await scrub.pass();
    expect(strangers.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('rejects once it is closed', async () => {
    scrub = make();
    await scrub.pass();
    const last = scrub.pass();
    scrub.close();
    await expect(last).rejects.toThrow();
    await expect(scrub.pass()).rejects.toThrow();
  });
});

describe('openPrivateConnection', () => {
  const open = (prove: boolean): Promise<Socket> =>
    openPrivateConnection({
      accept: (_socket, proven) => {
        if (prove) proven();
      },
      connectTo: (address) => connect(address),
      timeoutMs: 150,
    });

  it('has a listener that can be seen until the proof, and gives up when none comes', async () => {
    const opening = open(false);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(listening()).toHaveLength(1);
    await expect(opening).rejects.toThrow();
    expect(listening()).toEqual([]);
    (await open(true)).destroy();
  });
});
