import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { lethe } from '../testing/run-command.contract.js';
import { entryAt, key, LogServer, otherSigner, SmallLog, smallLog } from '../testing/small-log.contract.js';

const full = smallLog(600);
const upTo = (size: number): SmallLog => new SmallLog(full.entries.slice(0, size));
const another = entryAt(2);
/** The same log but for one event, early on. */
const rewritten = (size: number): SmallLog =>
  new SmallLog(full.entries.slice(0, size).map((entry, at) => (at === 2 ? another : entry)));

let server: LogServer;
let url: string;
let folder: string;
const folders: string[] = [];
beforeAll(async () => {
  server = new LogServer();
  url = await server.listen();
});
afterAll(async () => {
  server.close();
  for (const path of folders) await rm(path, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-watch-'));
  folders.push(folder);
  server.files.clear();
  server.status = 200;
});

const watch = (...more: string[]) =>
  lethe(['audit', 'watch', '--url', url, '--key', key, '--keep', folder, ...more]);
const kept = async (): Promise<string[]> => (await readdir(folder)).sort();
const nameOf = (size: number): string => `${String(size).padStart(20, '0')}.checkpoint`;

describe('lethe audit watch --once', () => {
  it('keeps the first checkpoint, and each that grows from it', async () => {
    server.show(upTo(10));
    expect(await watch('--once')).toMatchObject({
      code: 0,
      out: expect.stringContaining('the first checkpoint'),
    });
    expect(await watch('--once')).toMatchObject({
      code: 0,
      out: expect.stringContaining('10 events, as before'),
    });
    server.show(upTo(300));
    expect(await watch('--once')).toMatchObject({
      code: 0,
      out: expect.stringContaining('begins with the 10'),
    });
    server.show(full);
    expect((await watch('--once')).code).toBe(0);
    expect(await kept()).toEqual([nameOf(10), nameOf(300), nameOf(600)]);
    expect(await readFile(join(folder, nameOf(300)), 'utf8')).toBe(upTo(300).note());
    expect(server.asked.every(({ path, token }) => token === undefined && !path.includes('entries'))).toBe(
      true,
    );
  });

  it('what it keeps is what verify takes', async () => {
    server.show(upTo(10));
    await watch('--once');
    server.show(upTo(300));
    const verify = (dir: string) =>
      lethe(['audit', 'verify', '--url', dir, '--key', key, '--since-checkpoint', folder]);
    expect((await verify(url)).code).toBe(0);
    server.show(rewritten(300));
    expect((await verify(url)).code).toBe(1);
  });

  it.each([
    ['of the same size', 300, /forked/],
    ['that is larger', 500, /forked/],
  ])('raises the alarm at another history %s, and keeps the proof', async (_, size, words) => {
    server.show(upTo(300));
    await watch('--once');
    server.show(rewritten(size));
    const { code, out } = await watch('--once');
    expect(code).toBe(1);
    expect(out).toMatch(/ {2}ALARM {2}/);
    expect(out).toMatch(words);
    const [before, evidence = ''] = await kept();
    expect(before).toBe(nameOf(300));
    expect(await readFile(join(folder, evidence), 'utf8')).toBe(rewritten(size).note());
    expect(out).toContain(evidence);
    // It stays an alarm: the kept checkpoint is not replaced.
    expect((await watch('--once')).code).toBe(1);
  });

  it('raises the alarm when the log signs more and does not show how it grew', async () => {
    server.show(upTo(300));
    await watch('--once');
    server.files.set('checkpoint', full.note());
    expect(await watch('--once')).toMatchObject({
      code: 1,
      out: expect.stringContaining('does not show how'),
    });
  });

  it.each([
    ['its signature', () => full.note().replace('\n600\n', '\n601\n'), 'is wrong'],
    ['its signer', () => new SmallLog(full.entries, [otherSigner]).note(), 'not signed with the pinned key'],
    ['all of it', () => 'canary', 'not a signed note'],
  ])('raises the alarm at a checkpoint with %s changed', async (_, note, words) => {
    server.show(upTo(300));
    await watch('--once');
    server.files.set('checkpoint', note());
    const { code, out } = await watch('--once', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'alarm',
      code: 'not_signed',
      words: expect.stringContaining(words),
    });
    expect(out).not.toContain('canary');
  });

  it('raises the alarm when what was kept was changed', async () => {
    server.show(upTo(300));
    await watch('--once');
    await writeFile(join(folder, nameOf(300)), upTo(299).note().replace('\n299\n', '\n300\n'));
    expect(await watch('--once')).toMatchObject({
      code: 1,
      out: expect.stringContaining('kept last is not good'),
    });
  });

  it('takes a log without a checkpoint for a new one, and one that cannot be read for none', async () => {
    expect(await watch('--once')).toMatchObject({
      code: 0,
      out: expect.stringContaining('no checkpoint yet'),
    });
    server.status = 500;
    expect(await watch('--once')).toMatchObject({ code: 3, out: '' });
    expect(await kept()).toEqual([]);
  });

  it('keeps where the operating system wants it when no folder is named', async () => {
    server.show(upTo(10));
    await lethe(['audit', 'watch', '--once', '--url', url, '--key', key], { XDG_STATE_HOME: folder });
    expect(await readdir(join(folder, 'lethe', 'checkpoints', 'log.test_audit'))).toEqual([nameOf(10)]);
  });

  it.each([[['--once', '--follow']], [['--every', '0']], [['--every', 'x']], [['--every', '99999']]])(
    '%j is refused',
    async (more) => {
      expect(await watch(...more)).toMatchObject({ code: 2, out: '' });
    },
  );
});

describe('a log that is rolled back', () => {
  it('is an alarm when it stays so', async () => {
    server.show(upTo(300));
    await watch('--once');
    server.show(upTo(200));
    const { code, out } = await watch('--once');
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringContaining('it signed 300 events, and shows 200'),
    });
    server.files.delete('checkpoint');
    expect(await watch('--once')).toMatchObject({
      code: 1,
      out: expect.stringContaining('shows no checkpoint now'),
    });
  }, 30_000);

  it('is none when a replica was only a moment behind', async () => {
    server.show(upTo(300));
    await watch('--once');
    server.files.set('checkpoint', upTo(299).note());
    const asked = server.asked.length;
    const looking = watch('--once');
    while (server.asked.length === asked) await new Promise(setImmediate);
    server.show(full);
    expect(await looking).toMatchObject({ code: 0, out: expect.stringContaining('begins with the 300') });
  });
});

describe('lethe audit watch', () => {
  it('goes on while nothing is wrong, waits when nobody answers, and ends with the alarm', async () => {
    server.show(upTo(10));
    const watching = watch('--every', '1');
    const until = async (condition: () => boolean | Promise<boolean>) => {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until(async () => (await kept()).length === 1);
    server.status = 503;
    const asked = server.asked.length;
    await until(() => server.asked.length > asked + 2);
    server.status = 200;
    server.show(upTo(300));
    await until(async () => (await kept()).length === 2);
    server.show(rewritten(400));
    const { code, out, err } = await watching;
    expect(code).toBe(1);
    expect(out.split('\n').map((line) => line.split('  ')[1])).toEqual(['ok', 'ok', 'ALARM', undefined]);
    expect(err).toContain('answers 503. Looking again in');
  }, 60_000);
});
