import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Lethe, launcher, newHome, startLethe } from '../start-lethe.js';

jest.setTimeout(180_000);

const nobody = 65_534;

/** Whether this run can start Lethe as somebody else; says so loudly when not. */
const canBeNobody = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  const { status } = spawnSync('cat', [launcher], { uid: nobody, gid: nobody, stdio: 'ignore' });
  if (status !== 0) process.stderr.write('NOT TESTED: an ordinary user cannot read this checkout\n');
  return status === 0;
};

describe('whoever starts it', () => {
  let home: string;
  let lethe: Lethe | undefined;
  beforeEach(async () => {
    home = await newHome();
  });
  afterEach(async () => {
    await lethe?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  const answers = async (): Promise<number> => {
    const [open] = lethe?.run.organizations ?? [];
    const response = await fetch(`${lethe?.run.router}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${open?.keys.quiet}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'ping' }] }),
    });
    await response.arrayBuffer();
    return response.status;
  };

  it('this user, in a folder that only this user can enter', async () => {
    expect(statSync(home).mode & 0o077).toBe(0);
    lethe = await startLethe({ home });
    expect(await answers()).toBe(200);
    const { left, exitCode } = await lethe.stop();
    expect({ left, exitCode }).toEqual({ left: [], exitCode: 0 });
  });

  it('an ordinary user where this one is root, and everything belongs to that user', async () => {
    if (!canBeNobody()) return;
    chownSync(home, nobody, nobody);
    lethe = await startLethe({ home, uid: nobody });
    expect(await answers()).toBe(200);
    for (const name of ['run.json', 'secrets.json', 'postgres/data', 'logs/router.log'])
      expect(statSync(join(home, name)).uid).toBe(nobody);
    const { left, exitCode } = await lethe.stop();
    expect({ left, exitCode }).toEqual({ left: [], exitCode: 0 });
  });
});
