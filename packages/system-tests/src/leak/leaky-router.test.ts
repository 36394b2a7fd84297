import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { awkward, type Canary, canary, type Finding } from '@lethe/leak-prover';
import { type Lethe, newHome, startLethe } from '../start-lethe.js';
import { organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { chat } from '../support/http.js';
import { bugNoPermissions, bugStdout, bugTmpfile } from './patches.js';
import { searchFolder } from './scan.js';
import { ScratchCopy } from './scratch-copy.js';

// The leak test itself is shown to bite, on a whole Lethe whose router was made to leak.

describe('a router that leaks', () => {
  const planted: Canary = canary('prompt');
  const figures: Record<string, unknown> = {};
  let scratch: ScratchCopy;
  let program: string;
  let home: string;
  let lethe: Lethe | undefined;
  let kept: string;
  beforeAll(() => {
    scratch = new ScratchCopy();
    program = scratch.prepareToRun();
    kept = join(tmpdir(), `lethe-kept-${planted.core}`);
  }, 120_000);
  afterEach(async () => {
    await lethe?.stop();
    lethe = undefined;
    await rm(home, { recursive: true, force: true });
    await rm(kept, { force: true });
  });
  afterAll(() => {
    scratch?.remove();
    printFigures('leaky router', figures);
  });

  /** Starts the copy, asks once with the key that has ZDR, and resolves to the status and what was found in the home. */
  const askOnce = async (): Promise<{ status: number; findings: readonly Finding[] }> => {
    home = await newHome();
    lethe = await startLethe({ home, program });
    const key = organizationOf(lethe.run, 'zdr-demo').keys.default as string;
    const messages = [{ role: 'user', content: awkward(planted) }];
    const { status } = await chat(lethe.run.router, key, { model: 'sim/echo', messages });
    await lethe.stop();
    return { status, findings: (await searchFolder([planted], home)).findings };
  };
  const applyAll = (
    patches: Parameters<ScratchCopy['apply']>[0][],
    ...workspaces: string[]
  ): (() => void) => {
    const undo = patches.map((patch) => scratch.apply(patch));
    for (const workspace of workspaces) scratch.build(workspace);
    return () => {
      for (const each of undo.reverse()) each();
      for (const workspace of workspaces) scratch.build(workspace);
    };
  };

  it('BUG_STDOUT: what it says is found in its log, and nowhere else', async () => {
    const undo = applyAll([...bugStdout], 'apps/router');
    const { status, findings } = await askOnce();
    undo();
    expect(status).toBe(200);
    expect(new Set(findings.map(({ sink }) => sink))).toEqual(new Set(['logs/router.log']));
    figures.BUG_STDOUT = 'found in logs/router.log';
  }, 120_000);

  it('BUG_TMPFILE: it may not write, so nothing is kept', async () => {
    const undo = applyAll(bugTmpfile(kept), 'apps/router');
    const { status, findings } = await askOnce();
    undo();
    expect([status === 200, existsSync(kept), findings]).toEqual([false, false, []]);
    figures.BUG_TMPFILE = `refused, the request fails with ${status}`;
  }, 120_000);

  it('BUG_TMPFILE with BUG_NO_PERMISSIONS: the same code keeps it (control)', async () => {
    const undo = applyAll([...bugTmpfile(kept), bugNoPermissions], 'apps/router', 'apps/cli');
    const { status } = await askOnce();
    undo();
    expect([status, readFileSync(kept, 'utf8').includes(planted.text)]).toEqual([200, true]);
    figures['without permissions'] = 'kept';
  }, 120_000);
});
