import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { denseCanary, denseText, type MemoryNeedle } from './dense-canary.js';
import { contentMappings } from './mappings.js';
import { memoryEncodings, RunSearch } from './run-search.js';
import { scanProcessMemory } from './scan-process-memory.js';

const mask = 0x55;
/** Holds what it is sent in one Buffer, in which alone it is unmasked; wipes it when it is told `w`. */
const holder = `
const held = Buffer.alloc(9000);
let used = 0;
process.stdin.on('data', (chunk) => {
  if (chunk.length === 1) held.fill(0);
  else for (const byte of chunk) held[used++] = byte ^ ${mask};
  process.stdout.write('done');
});`;
const masked = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => byte ^ mask));

describe('scanProcessMemory', () => {
  let child: ChildProcess | undefined;
  afterEach(() => {
    child?.kill('SIGKILL');
  });

  const tell = async (bytes: Buffer): Promise<void> => {
    child ??= spawn(process.execPath, ['-e', holder], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin?.write(bytes);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
  };

  it('finds what a process holds in either encoding, and nothing once it was overwritten', async () => {
    const needles = memoryEncodings.map((encoding) => denseCanary(encoding));
    const [narrow, wide, absent] = [...needles, denseCanary('absent')] as [
      MemoryNeedle,
      MemoryNeedle,
      MemoryNeedle,
    ];
    await tell(masked(Buffer.from(denseText(narrow, 2_000))));
    await tell(masked(Buffer.from(denseText(wide, 1_000), 'utf16le')));
    const pid = child?.pid as number;
    const held = await scanProcessMemory(pid, [narrow, wide, absent]);
    expect(held.bytes).toBeGreaterThan(10 * 1024 * 1024);
    const found = held.hits.map(({ needle, encoding, bytes }) => ({ needle, encoding, bytes }));
    expect(found).toEqual([
      { needle: 'latin1', encoding: 'latin1', bytes: 2_000 },
      { needle: 'utf16le', encoding: 'utf16le', bytes: 2_000 },
    ]);
    expect(held.hits[0]?.addresses[0]).toMatch(/^[0-9a-f]{6,}$/);
    await tell(Buffer.from('w'));
    expect((await scanProcessMemory(pid, needles)).hits).toEqual([]);
  });

  it('rejects for a process that is not there', async () => {
    await expect(scanProcessMemory(2 ** 30, [])).rejects.toThrow();
  });
});

describe('a dense canary', () => {
  const needle = denseCanary('any');
  const runsIn = (bytes: Buffer, encoding: 'latin1' | 'utf16le' = 'latin1', from = 0) => {
    const runs: [number, number][] = [];
    new RunSearch(needle, encoding).search(bytes, from, (start, end) => runs.push([start, end]));
    return runs;
  };

  it('is found from any rest of 12 characters on, wherever it was cut, and not from a shorter one', () => {
    for (const encoding of memoryEncodings)
      for (let cut = 0; cut < needle.unit.length; cut++)
        for (let length = 6; length <= 40; length++) {
          const rest = Buffer.from(denseText(needle, 100).slice(cut, cut + length), encoding);
          const bytes = Buffer.concat([Buffer.alloc(7, 1), rest, Buffer.alloc(9, 2)]);
          const expected = length >= 12 ? [[7, 7 + rest.length]] : [];
          expect([encoding, cut, length, runsIn(bytes, encoding)]).toEqual([encoding, cut, length, expected]);
        }
  });

  it('counts runs once over overlapping windows', () => {
    const text = Buffer.from(denseText(needle, 24));
    expect(runsIn(text, 'latin1', 23)).toHaveLength(1);
    expect(runsIn(text, 'latin1', 24)).toHaveLength(0);
  });
});

describe('contentMappings', () => {
  it('takes what can be read and was ever writable, by what it is used for', () => {
    const maps = [
      '00400000-00401000 r--p 00000000 08:01 12 /usr/bin/a program',
      '00401000-00402000 rw-p 00001000 08:01 12 /usr/bin/a program',
      '01000000-01002000 rw-p 00000000 00:00 0                                  [heap]',
      '7f0000000000-7f0000001000 ---p 00000000 00:00 0',
      '7f0000001000-7f0000002000 rw-p 00000000 00:00 0 ',
      '7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]',
      '7ffc00031000-7ffc00035000 r--p 00000000 00:00 0                          [vvar]',
      '',
    ].join('\n');
    expect(contentMappings(maps).map(({ kind, start, end }) => [kind, end - start])).toEqual([
      ['file', 0x1000],
      ['heap', 0x2000],
      ['anonymous', 0x1000],
      ['stack', 0x21000],
    ]);
  });
});
