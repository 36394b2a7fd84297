import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { repositoryRoot } from '../start-lethe.js';

/** A change to one file of a scratch copy that takes a protection away. */
export interface Patch {
  readonly name: string;
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly search: string;
  readonly replace: string;
}

/** A copy of the source with the packages of this checkout, in which protections may be broken. */
export class ScratchCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'lethe-scratch-'));

  constructor() {
    const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
      cwd: repositoryRoot,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    }).split('\0');
    for (const file of files) if (file !== '') this.#copy(file);
    this.#linkModules();
    // Test clusters are copied from a template that is kept there.
    mkdirSync(join(repositoryRoot, '.cache'), { recursive: true });
    symlinkSync(join(repositoryRoot, '.cache'), join(this.root, '.cache'));
  }

  /** Applies a patch and returns what undoes it. Throws when the patch no longer applies. */
  apply({ name, file, search, replace }: Patch): () => void {
    const path = join(this.root, file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text.split(search).length !== 2) throw new Error(`${name} does not apply to ${file} any more`);
    writeFileSync(
      path,
      text.replace(search, () => replace),
    );
    return () => writeFileSync(path, text);
  }

  /** Runs unit tests of the copy. `red` names the files that failed, as paths from the root. */
  runTests(files: readonly string[]): {
    readonly passed: number;
    readonly failed: number;
    readonly red: string[];
  } {
    const output = join(this.root, 'jest-output.json');
    rmSync(output, { force: true });
    const jest = join(this.root, 'node_modules', 'jest', 'bin', 'jest.js');
    const { stderr } = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        jest,
        ...['-c', 'packages/house-rules/jest.config.mjs', '--selectProjects=unit', '--runInBand', '--json'],
        ...['--outputFile', output, '--testPathPatterns', ...files.map((file) => `${file}$`)],
      ],
      {
        cwd: this.root,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: process.env.HOME },
        timeout: 240_000,
      },
    );
    if (!existsSync(output))
      throw new Error(`jest said nothing in the scratch copy:\n${stderr.slice(-2_000)}`);
    const result = JSON.parse(readFileSync(output, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: { name: string; status: string }[];
    };
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      red: result.testResults
        .filter(({ status }) => status !== 'passed')
        .map(({ name }) => relative(realpathSync(this.root), name))
        .sort(),
    };
  }

  /** Takes over what is built here. */
  takeBuilt(): void {
    for (const workspace of workspaces()) this.#copy(join(workspace, 'dist'));
  }

  /** Takes over what is built here, and what the router needs at run time as real files: it may read no others. */
  prepareToRun(): string {
    this.takeBuilt();
    const own = workspaces().map((workspace) => join(workspace, 'node_modules'));
    const shared = [...packagesNeededBy('apps/router')].map((name) => join('node_modules', name));
    for (const path of [...own, ...shared]) {
      rmSync(join(this.root, path), { recursive: true, force: true });
      this.#copy(path);
    }
    return join(this.root, 'apps', 'cli', 'dist', 'main.js');
  }

  /** Builds one workspace of the copy anew. */
  build(workspace: string): void {
    execFileSync(process.execPath, [join(this.root, 'packages', 'house-rules', 'build.mjs')], {
      cwd: join(this.root, workspace),
      stdio: 'ignore',
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #copy(path: string): void {
    if (!existsSync(join(repositoryRoot, path))) return;
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    cpSync(join(repositoryRoot, path), join(this.root, path), { recursive: true });
  }

  /** Packages from the registry are links to this checkout's; ours are links within the copy. */
  #linkModules(): void {
    const modules = join(this.root, 'node_modules');
    mkdirSync(join(modules, '@lethe'), { recursive: true });
    for (const name of readdirSync(join(repositoryRoot, 'node_modules'))) {
      if (name === '@lethe') continue;
      if (!name.startsWith('@')) {
        symlinkSync(join(repositoryRoot, 'node_modules', name), join(modules, name));
        continue;
      }
      mkdirSync(join(modules, name));
      for (const part of readdirSync(join(repositoryRoot, 'node_modules', name)))
        symlinkSync(join(repositoryRoot, 'node_modules', name, part), join(modules, name, part));
    }
    for (const name of readdirSync(join(this.root, 'packages')))
      symlinkSync(join(this.root, 'packages', name), join(modules, '@lethe', name));
    for (const workspace of workspaces()) {
      const own = join(workspace, 'node_modules');
      if (existsSync(join(repositoryRoot, own))) symlinkSync(join(repositoryRoot, own), join(this.root, own));
    }
  }
}

const workspaces = (): string[] =>
  ['apps', 'packages'].flatMap((kind) =>
    readdirSync(join(repositoryRoot, kind)).map((name) => join(kind, name)),
  );

/** The registry packages that a workspace needs at run time, those of our own packages included. */
const packagesNeededBy = (workspace: string): Set<string> => {
  const needed = new Set<string>();
  const seen = new Set<string>();
  const visit = (folder: string): void => {
    if (seen.has(folder)) return;
    seen.add(folder);
    const manifest = join(repositoryRoot, folder, 'package.json');
    if (!existsSync(manifest)) return;
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      dependencies?: Record<string, string>;
      optionalDependencies?: Record<string, string>;
    };
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (name.startsWith('@lethe/')) {
        visit(join('packages', name.slice('@lethe/'.length)));
        continue;
      }
      if (existsSync(join(repositoryRoot, 'node_modules', name))) needed.add(name);
      visit(join('node_modules', name));
      visit(join(folder, 'node_modules', name));
    }
  };
  visit(workspace);
  return needed;
};
