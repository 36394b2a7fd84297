import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NoProgram } from '../go/go-programs.js';

/** What the program said, and whether it was content. */
export interface PromtoolVerdict {
  readonly ok: boolean;
  readonly said: string;
}

export interface Promtool {
  /** Runs it in a folder, with a page of metrics on its standard input if one is given. */
  run(args: readonly string[], options?: { readonly cwd?: string; readonly input?: string }): PromtoolVerdict;
}

const debianPackage = 'prometheus';
const timeoutMs = 180_000;

const repositoryRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'turbo.json'))) folder = dirname(folder);
  return folder;
};

const works = (program: string, args: readonly string[], cwd?: string): boolean =>
  spawnSync(program, args, { cwd, stdio: 'ignore', timeout: timeoutMs }).status === 0;

/** Fetches Debian's package with its own client and unpacks the one program of it; nothing is installed. */
const unpack = (target: string): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-promtool-'));
  try {
    const download = () => works('apt-get', ['-qq', 'download', debianPackage], folder);
    if (!download() && !(works('apt-get', ['-qq', 'update']) && download())) return false;
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined || !works('dpkg-deb', ['-x', archive, 'unpacked'], folder)) return false;
    mkdirSync(dirname(target), { recursive: true });
    const staging = `${target}.${process.pid}`;
    copyFileSync(join(folder, 'unpacked/usr/bin/promtool'), staging);
    renameSync(staging, target);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const find = (): string | undefined => {
  const cached = join(repositoryRoot(), '.cache', 'debian', 'promtool');
  for (const program of ['promtool', cached]) if (works(program, ['--version'])) return program;
  return unpack(cached) && works(cached, ['--version']) ? cached : undefined;
};

/** Prometheus' own checker; unavailable, loudly, where it cannot be had. Throws then in CI. */
export const findPromtool = (): Promtool | NoProgram => {
  const program = find();
  if (program === undefined) {
    const reason = `no promtool in the path, and the Debian package ${debianPackage} cannot be fetched`;
    if (process.env.CI === 'true') throw new Error(`promtool is required in CI: ${reason}`);
    process.stderr.write(`\n*** NO PROMTOOL ON THIS MACHINE, its tests are skipped: ${reason} ***\n\n`);
    return { unavailable: reason };
  }
  return {
    run: (args, { cwd, input = '' } = {}) => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd,
        input,
        encoding: 'utf8',
        timeout: timeoutMs,
      });
      return { ok: status === 0, said: `${stdout}${stderr}` };
    },
  };
};
