import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { routerEnvironment, routerFlags } from './router-command.js';

it('starts the router as the launcher does, which it cannot import', () => {
  const launcher = [
    'services/router-permissions.ts',
    'services/router-memory.ts',
    'services/child-environment.ts',
  ]
    .map((file) =>
      readFileSync(fileURLToPath(new URL(`../../../../apps/cli/src/up/${file}`, import.meta.url)), 'utf8'),
    )
    .join('\n');
  const [permission = '', warning = '', heap = '', ...reads] = routerFlags('/somewhere');
  for (const flag of [permission, warning, heap, ...Object.values(routerEnvironment)])
    expect(launcher).toContain(`'${flag}'`);
  const folders = reads.map((flag) => flag.replace('--allow-fs-read=/somewhere/', '').replace('/*', ''));
  expect(launcher).toContain(`[${folders.map((folder) => `'${folder}'`).join(', ')}]`);
});
