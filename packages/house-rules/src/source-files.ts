import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = new URL('../../..', import.meta.url).pathname;

/** Paths of all files of the repository that git knows or would add, relative to the root. */
export const repositoryFiles = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)));

/** Our own TypeScript sources: not generated, not built. */
export const sourceFiles = (): { readonly path: string; readonly text: string }[] =>
  repositoryFiles()
    .filter((path) => /\.tsx?$/.test(path) && !/(?:^|\/)(?:gen|dist)\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
