import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { checkPreflight, preflightFindings, type RouterFacts, routerFacts } from './preflight.js';
import { permissionFlag, routerPermissions } from './router-permissions.js';

const closed: RouterFacts = {
  coreDumpFilter: '00000000',
  coreLimit: '0',
  environmentNames: ['PATH', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS'],
  argv: [
    '/usr/bin/node',
    permissionFlag,
    '--disable-warning=ExperimentalWarning',
    '--allow-fs-read=/x/*',
    'main.js',
  ],
  uid: 1000,
  swap: false,
};

describe('the preflight', () => {
  it('finds nothing when every way is closed', () => {
    expect(preflightFindings(closed)).toEqual([]);
  });

  it.each([
    ['swap', { swap: true }, 'swap is on'],
    ['a core dump filter', { coreDumpFilter: '00000033' }, 'core dump'],
    ['a core dump limit', { coreLimit: 'unlimited' }, 'core dump'],
    [
      'a variable',
      { environmentNames: ['PATH', 'NODE_OPTIONS', 'KAFKAJS_DEBUG_PROTOCOL_BUFFERS'] },
      'NODE_OPTIONS, KAFKAJS_DEBUG_PROTOCOL_BUFFERS',
    ],
    ['no permission model', { argv: ['node', 'main.js'] }, 'permission model'],
    [
      'a flag',
      { argv: ['node', permissionFlag, '--heapsnapshot-signal=SIGUSR2', 'main.js'] },
      '--heapsnapshot-signal',
    ],
    [
      'a loosened permission',
      { argv: ['node', permissionFlag, '--allow-fs-write=*', 'main.js'] },
      '--allow-fs-write',
    ],
    ['root', { uid: 0 }, 'root'],
    ['what cannot be seen', { swap: undefined }, 'swap cannot be checked'],
  ] satisfies [string, Partial<RouterFacts>, string][])('names %s', (_, fact, expected) => {
    const findings = preflightFindings({ ...closed, ...fact });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain(expected);
  });

  it('reads the facts of a real process: this one runs without the permission model', () => {
    const facts = routerFacts(process.pid);
    expect(facts.environmentNames).toContain('PATH');
    expect(facts.uid).toBe(process.getuid?.());
    expect(facts.coreLimit).toMatch(/^(?:\d+|unlimited)$/);
    expect(preflightFindings(facts)).toContain('the router does not run under the permission model');
  });

  it('ends the start when it is strict', () => {
    const router = { pid: process.pid, workerPids: [process.pid] };
    expect(() => checkPreflight(router, true)).toThrow(/permission model/);
    expect(checkPreflight(router, false).length).toBeGreaterThan(0);
  });

  describe('of a router with workers', () => {
    const started: ChildProcess[] = [];
    afterEach(() => {
      for (const child of started.splice(0)) child.kill('SIGKILL');
    });
    const run = async (flags: readonly string[]): Promise<number> => {
      const child = spawn(process.execPath, [...flags, '-e', 'process.stdin.resume()'], {
        env: { PATH: process.env.PATH },
      });
      started.push(child);
      await once(child, 'spawn');
      return child.pid ?? 0;
    };
    const mayStart = /--allow-child-process/;

    it('lets the process that starts workers start them, and no worker', async () => {
      const [primary, worker] = [await run(routerPermissions(2)), await run(routerPermissions(1))];
      const findings = checkPreflight({ pid: primary, workerPids: [worker] }, false);
      expect(findings.filter((finding) => /runs with|permission model/.test(finding))).toEqual([]);
      expect(checkPreflight({ pid: primary, workerPids: [worker, primary] }, false).join()).toMatch(mayStart);
    });

    it('looks at every one of them, and says each thing once', async () => {
      const [primary, worker] = [await run(routerPermissions(2)), await run(routerPermissions(1))];
      const loose = [await run([]), await run([])];
      for (const processes of [
        { pid: primary, workerPids: [worker, ...loose] },
        { pid: loose[0] ?? 0, workerPids: [worker] },
      ]) {
        const findings = checkPreflight(processes, false);
        expect(findings.filter((finding) => finding.includes('permission model'))).toHaveLength(1);
      }
    });
  });
});
