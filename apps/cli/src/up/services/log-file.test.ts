import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogFile } from './log-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a log file', () => {
  it('keeps at most two files of about its size, for its owner alone', async () => {
    const log = new LogFile(join(folder, 'router.log'), 1_000);
    for (let line = 0; line < 500; line += 1) log.write(`line ${line}\n`);
    log.close();
    expect(await readdir(folder)).toEqual(['router.log', 'router.log.1']);
    for (const name of await readdir(folder)) {
      const { size, mode } = await stat(join(folder, name));
      expect(size).toBeLessThan(1_100);
      expect(mode & 0o777).toBe(0o600);
    }
    expect(await readFile(join(folder, 'router.log'), 'utf8')).toContain('line 499\n');
  });

  it('goes on where the last run ended', async () => {
    for (const text of ['one\n', 'two\n']) {
      const log = new LogFile(join(folder, 'a.log'));
      log.write(Buffer.from(text));
      log.close();
    }
    expect(await readFile(join(folder, 'a.log'), 'utf8')).toBe('one\ntwo\n');
  });

  it('stays quiet when it cannot be written', () => {
    const log = new LogFile(join(folder, 'no', 'such.log'));
    expect(() => log.write('x')).not.toThrow();
  });
});
