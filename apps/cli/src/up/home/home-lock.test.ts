import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Home, homeOf, prepareHome } from './home.js';
import { lockHome } from './home-lock.js';
import { startTimeOf } from './process-identity.js';

let home: Home;
beforeEach(async () => {
  home = homeOf(await mkdtemp(join(tmpdir(), 'lethe-lock-')));
  await prepareHome(home);
});
afterEach(() => rm(home.folder, { recursive: true, force: true }));

const deadPid = async (): Promise<number> => {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
};
const locked = (holder: object | string): Promise<void> =>
  writeFile(home.lockFile, typeof holder === 'string' ? holder : JSON.stringify(holder));

describe('one Lethe on a home', () => {
  it('is refused to a second one, which is told the pid of the first', async () => {
    await lockHome(home);
    await expect(lockHome(home)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${process.pid}`),
      next: expect.stringContaining('LETHE_HOME'),
    });
  });

  it('may be the next one after a release', async () => {
    await (await lockHome(home)).release();
    await (await lockHome(home)).release();
    expect((await readdir(home.folder)).sort()).toEqual(['anchors', 'logs']);
  });

  it('takes over from a process that died', async () => {
    await locked({ pid: await deadPid(), startedAt: '1' });
    await lockHome(home);
    expect(await readFile(home.lockFile, 'utf8')).toContain(`"pid":${process.pid},`);
  });

  it('takes over when another process got the pid since', async () => {
    await locked({ pid: process.pid, startedAt: 'another time' });
    await expect(lockHome(home)).resolves.toBeDefined();
  });

  it('does not take over from the process itself (control)', async () => {
    await locked({ pid: process.pid, startedAt: startTimeOf(process.pid) });
    await expect(lockHome(home)).rejects.toMatchObject({ name: 'Problem' });
  });

  it.each(['', '{"pid":', '{"pid":"x"}'])('takes over from a lock that says nothing: %j', async (text) => {
    await locked(text);
    await expect(lockHome(home)).resolves.toBeDefined();
  });

  it.each([{ stale: true }, { stale: false }])(
    'is one of many at once (stale lock: $stale)',
    async ({ stale }) => {
      if (stale) await locked({ pid: await deadPid(), startedAt: '1' });
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => lockHome(home)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await readdir(home.folder)).sort()).toEqual(['anchors', 'lock', 'logs']);
    },
  );
});
