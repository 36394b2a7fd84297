import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import type { AppLaunch } from '../launch/app-launch.js';
import { Preflight } from './check-processes.js';

let root: string;
let lines: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lethe-preflight-'));
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const launch = (preflight: 'strict' | 'warn'): AppLaunch => ({
  launch: {},
  preflight,
  buildDigest: undefined,
  routerWorkers: 1,
  folders: [],
});
/** Beneath an empty root nothing can be seen, so everything counts as open. */
const check = (app: 'router' | 'accounting' | 'audit' | 'admin-config', preflight: 'strict' | 'warn') =>
  new Preflight({
    app,
    launch: launch(preflight),
    log: createLogger('launcher', (line) => lines.push(line)),
    root,
  });

describe('what is open', () => {
  it.each(['router', 'accounting'] as const)('ends the start of %s, which sees content', (app) => {
    for (const look of [() => check(app, 'strict').ofLauncher(), () => check(app, 'strict').ofService(7)])
      expect(look).toThrow(/The preflight of \w+ found[\s\S]*- swap: .*Set memswap_limit/);
    expect(() => check(app, 'strict').ofWorkers([8])).toThrow();
    expect(() => check(app, 'strict').ofWorkers([])).not.toThrow();
  });

  it('is only said where it was wished so, and of services that see no content', () => {
    check('router', 'warn').ofService(7);
    check('audit', 'strict').ofService(7);
    const items = lines.map((line) => (JSON.parse(line) as { item?: string }).item);
    expect(items.filter((item) => item === 'swap')).toHaveLength(2);
    expect(items).toContain('permissions');
    expect(new Set(lines.map((line) => (JSON.parse(line) as { event: string }).event))).toEqual(
      new Set(['preflight.open']),
    );
  });
});
