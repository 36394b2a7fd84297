import { describe, expect, it } from '@jest/globals';
import { repositoryFiles, sourceFiles } from './source-files.js';
import { breaches, textBans } from './text-bans.js';

const linesMax = 400;
const self = 'packages/house-rules/src/text-bans';

describe('text bans', () => {
  const files = sourceFiles().filter(({ path }) => !path.startsWith(self));

  it('sees the house', () => {
    expect(files.length).toBeGreaterThan(150);
  });

  it.each(textBans.map((ban) => [ban.name, ban] as const))('%s', (_name, ban) => {
    const found = files.flatMap(({ path, text }) => breaches(ban, path, text));
    expect(found.map((place) => `${place}: ${ban.instead}`)).toEqual([]);
  });

  it('finds each breach when there is one', () => {
    const broken: Record<string, string> = {
      console: 'console.log(x)',
      any: 'const x: any = 1',
      'ts-ignore': '// @ts-ignore',
      reveal: 'key.reveal()',
      'framework bag': "c.set('user', x)",
      'JSON.parse': 'JSON.parse(x)',
      createRequire: 'createRequire(import.meta.url)',
      'skip or only': "it.only('x', () => {})",
      'content given to a logger': "log.info('x', { messages: y })",
      leftover: '// TODO later',
      allocUnsafe: 'Buffer.allocUnsafe(1)',
      'wall clock in the lease': 'Date.now()',
      'machine path': "'/root/x'",
      'error text passed on': 'error.message',
    };
    for (const ban of textBans) {
      const path =
        ban.name === 'wall clock in the lease' ? 'apps/router/src/policy/x.ts' : 'apps/router/src/x.ts';
      expect([ban.name, breaches(ban, path, broken[ban.name] ?? '')]).toEqual([ban.name, [`${path}:1`]]);
    }
  });

  it(`no file is longer than ${linesMax} lines: split it by what it does`, () => {
    expect(
      files.filter(({ text }) => text.split('\n').length > linesMax + 1).map(({ path }) => path),
    ).toEqual([]);
  });

  it('the top level holds what the design names and dotfiles, nothing else', () => {
    const allowed = new Set([
      'apps',
      'packages',
      'proto',
      'deploy',
      'docs',
      'package.json',
      'package-lock.json',
      'turbo.json',
      'tsconfig.json',
      'docker-compose.yml',
      'README.md',
      'LICENSE',
    ]);
    const top = new Set(repositoryFiles().map((path) => path.split('/')[0] as string));
    expect([...top].filter((name) => !allowed.has(name) && !name.startsWith('.'))).toEqual([]);
  });
});
