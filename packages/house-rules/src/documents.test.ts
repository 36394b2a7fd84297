import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryFiles, root } from './source-files.js';

const documents = repositoryFiles().filter((path) => path.endsWith('.md') && !path.includes('/fixtures/'));
const scripts = new Set(
  Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts),
);
const top =
  /^(?:apps|packages|proto|deploy|docs|\.github|\.ci|\.dependency-cruiser|README|LICENSE|package|turbo|tsconfig|docker-compose)/;

/** Paths of this repository that a document names in back ticks or links to. */
const namedPaths = (text: string): string[] => {
  const quoted = [...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] as string);
  const linked = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)/g)].map(
    (match) => match[1] as string,
  );
  return [...quoted, ...linked]
    .filter((path) => top.test(path) && /[/.]/.test(path) && !/[<>*{}]/.test(path))
    .map((path) => path.replace(/[/,.;:]+$/, ''));
};

/** npm scripts a document tells the reader to run. */
const namedScripts = (text: string): string[] =>
  [...text.matchAll(/\bnpm (?:run )?(start|test|[a-z]+(?::[a-z-]+)*)\b/g)]
    .filter(([whole]) => /^npm (?:run|start|test)/.test(whole))
    .map((match) => match[1] as string);

describe('documents', () => {
  it('are there', () => {
    expect(documents).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/architecture.md',
        'docs/non-goals.md',
        '.github/CONTRIBUTING.md',
        '.github/SECURITY.md',
      ]),
    );
  });

  it.each(documents)('every path that %s names exists', (path) => {
    const missing = namedPaths(readFileSync(join(root, path), 'utf8')).filter(
      (named) => !existsSync(join(root, named)) && !existsSync(join(root, path, '..', named)),
    );
    expect(missing).toEqual([]);
  });

  it.each(documents)('every npm script that %s names exists', (path) => {
    const missing = namedScripts(readFileSync(join(root, path), 'utf8')).filter(
      (name) => name !== 'run' && name !== 'ci' && !scripts.has(name),
    );
    expect(missing).toEqual([]);
  });

  it('would be noticed: a missing path and a missing script are found', () => {
    expect(
      namedPaths('see `apps/nowhere/x.ts` and [y](docs/none.md)').filter(
        (named) => !existsSync(join(root, named)),
      ),
    ).toEqual(['apps/nowhere/x.ts', 'docs/none.md']);
    expect(
      namedScripts('run `npm run no-such` or npm test').filter((name) => !scripts.has(name)),
    ).not.toEqual([]);
  });
});
