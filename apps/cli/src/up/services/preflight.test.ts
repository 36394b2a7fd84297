import { describe, expect, it } from '@jest/globals';
import { checkPreflight, preflightFindings, type RouterFacts, routerFacts } from './preflight.js';
import { permissionFlag } from './router-permissions.js';

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
    expect(() => checkPreflight(process.pid, true)).toThrow(/permission model/);
    expect(checkPreflight(process.pid, false).length).toBeGreaterThan(0);
  });
});
