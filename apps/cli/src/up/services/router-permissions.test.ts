import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { routerPermissions } from './router-permissions.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe root, with ünïcode-'));
  for (const folder of [
    'apps/router/dist',
    'packages/contracts',
    'node_modules',
    '.lethe',
    'apps/accounting',
  ])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, '.lethe/secrets.json'), 'secret');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const attempts = {
  'append to a file': `fs.appendFileSync(root + '/apps/router/dist/kept', 'x')`,
  'write beneath the temporary folder': `fs.writeFileSync(os.tmpdir() + '/lethe-kept', 'x')`,
  'open a file for writing': `fs.openSync(root + '/apps/router/dist/kept', 'w')`,
  'read the secrets': `fs.readFileSync(root + '/.lethe/secrets.json')`,
  'read the system': `fs.readFileSync('/etc/passwd')`,
  'read memory through /proc': `fs.readFileSync('/proc/self/mem')`,
  'write a heap snapshot': `v8.writeHeapSnapshot(root + '/apps/router/dist/kept')`,
  'write a report': `process.report.writeReport(root + '/apps/router/dist/kept')`,
  'start a process': `child.execFileSync('true')`,
  'start a thread': `new worker.Worker('0', { eval: true })`,
};
const allowed = { 'read the program': `fs.readFileSync(root + '/apps/router/dist/run.mjs')` };

const run = async (attempt: string, flags: readonly string[]): Promise<string> => {
  const path = join(root, 'apps/router/dist/run.mjs');
  await writeFile(
    path,
    `import fs from 'node:fs'; import os from 'node:os'; import v8 from 'node:v8';
     import child from 'node:child_process'; import worker from 'node:worker_threads';
     const root = ${JSON.stringify(root)};
     try { ${attempt}; process.stdout.write('done'); } catch (error) { process.stdout.write(error.code); }`,
  );
  return spawnSync(process.execPath, [...flags, path], { encoding: 'utf8' }).stdout;
};

describe('what a router may do', () => {
  it.each(Object.entries(attempts))('it may not %s', async (_, attempt) => {
    expect(await run(attempt, routerPermissions(1, root))).toBe('ERR_ACCESS_DENIED');
  });

  it.each(Object.entries(allowed))('it may %s', async (_, attempt) => {
    expect(await run(attempt, routerPermissions(1, root))).toBe('done');
  });

  it.each(['append to a file', 'read the secrets', 'start a process'] as const)(
    'without the flags it could %s (control)',
    async (name) => {
      expect(await run(attempts[name], [])).toBe('done');
    },
  );

  it.each(Object.entries(attempts))(
    'with several workers, the process that starts them may not %s either, but for starting processes',
    async (name, attempt) => {
      const expected = name === 'start a process' ? 'done' : 'ERR_ACCESS_DENIED';
      expect(await run(attempt, routerPermissions(2, root))).toBe(expected);
    },
  );

  it('is not guessed for a path that Node would not take', () => {
    expect(() => routerPermissions(1, '/a/st*r')).toThrow(/cannot restrict/);
  });
});
