import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(180_000);

const room = join(import.meta.dirname, '..');
const check = (folder: string): number | null =>
  spawnSync(process.execPath, [join(folder, 'assembly/compile.mjs'), '--check'], {
    stdio: 'ignore',
    timeout: 120_000,
  }).status;

describe('the committed WebAssembly', () => {
  it('is what its source compiles to, byte for byte', () => {
    expect(check(room)).toBe(0);
  });

  it('would be found stale when the source says something else', () => {
    // Inside the package, so that the compiler is found.
    mkdirSync(join(room, '.cache'), { recursive: true });
    const copy = mkdtempSync(join(room, '.cache/stale-'));
    try {
      cpSync(join(room, 'assembly'), join(copy, 'assembly'), { recursive: true });
      cpSync(join(room, 'src/gen'), join(copy, 'src/gen'), { recursive: true });
      const source = join(copy, 'assembly/number.as');
      writeFileSync(
        source,
        readFileSync(source, 'utf8').replace('bytesMax: i32 = 128', 'bytesMax: i32 = 129'),
      );
      expect(check(copy)).toBe(1);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
