import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../places.js';
import { routerEnvironment, routerFlags } from './router-command.js';

it('starts the router as the launcher does, which it cannot import', () => {
  const launcher = ['services/router-permissions.ts', 'services/router-memory.ts', 'settings.ts']
    .map((file) => readFileSync(join(repositoryRoot, 'apps', 'cli', 'src', 'up', file), 'utf8'))
    .join('\n');
  const [permission = '', warning = '', heap = '', ...reads] = routerFlags('/somewhere');
  for (const flag of [permission, warning, heap, ...Object.values(routerEnvironment)])
    expect(launcher).toContain(`'${flag}'`);
  const folders = reads.map((flag) => flag.replace('--allow-fs-read=/somewhere/', '').replace('/*', ''));
  expect(launcher).toContain(`[${folders.map((folder) => `'${folder}'`).join(', ')}]`);
});
