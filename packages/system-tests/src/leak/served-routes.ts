import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../start-lethe.js';

/** What the built router says of one endpoint that it serves. */
export interface ServedRoute {
  readonly path: string;
  readonly endpoint: string;
  readonly streams: boolean;
  /** Every known top-level field, with what it must be. */
  readonly fields: Readonly<Record<string, string>>;
  readonly zdr: {
    readonly refused: readonly string[];
    readonly watched: readonly { readonly path: string; readonly allowed?: readonly string[] }[];
  };
}

const routerFolder = join(repositoryRoot, 'apps', 'router');

let served: readonly ServedRoute[] | undefined;

/** The endpoints of the built router, asked of its own table in a process of its own: apps are never imported. */
export const servedRoutes = (): readonly ServedRoute[] => {
  const table = join(routerFolder, 'dist', 'dialects', 'all.js');
  if (!existsSync(table)) throw new Error('the router is not built: run "npx turbo run build" first');
  const program = `
    import { facesByPath } from ${JSON.stringify(pathToFileURL(table).href)};
    process.stdout.write(JSON.stringify([...facesByPath].map(([path, face]) => ({ path, ...face }))));`;
  served ??= JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
  ) as ServedRoute[];
  return served;
};

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The router's own source, tests left out. */
export const routerSource = (): SourceFile[] =>
  readdirSync(join(routerFolder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(?:test|contract)\.ts$|^testing\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(routerFolder, 'src', path), 'utf8') }));

const pathLiteral = /(['"`])(\/[\w${}:*./-]*)\1/g;

/**
 * Every text in the source that begins with a slash, whatever it is for: a route that is registered anywhere, in the
 * table of faces or at the framework, cannot be written without one.
 */
export const pathsIn = (source: readonly SourceFile[]): string[] =>
  [
    ...new Set(
      source.flatMap(({ text }) => [...text.matchAll(pathLiteral)].map(([, , path]) => path as string)),
    ),
  ].sort();
