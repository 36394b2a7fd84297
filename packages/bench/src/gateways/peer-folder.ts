import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../problem.js';
import { onPath, runTool } from '../programs/run-tool.js';

const installMsMax = 600_000;
const uid = process.getuid?.() ?? 0;

/** Outside the repository, kept from run to run, and ours alone: what lies there is executed. */
const cacheFolder = (): string => {
  const folder = join(tmpdir(), `lethe-bench-peers-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(folder);
  if (owner !== uid || (mode & 0o022) !== 0)
    throw new Problem(`${folder} can be written by others: remove it.`);
  return folder;
};

/** The folder of a peer, made by `install` in a folder beside it when it is not there. Rejects with Problem. */
const installed = async (
  name: string,
  install: (folder: string) => Promise<{ readonly ok: boolean; readonly output: string }>,
): Promise<string> => {
  const folder = join(cacheFolder(), name);
  const marker = join(folder, 'installed');
  if (existsSync(marker)) return folder;
  process.stderr.write(`Installing ${name} for comparison …\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { ok, output } = await install(folder);
  if (!ok) throw new Problem(`${name} could not be installed: ${output.trim().split('\n').at(-1) ?? ''}`);
  const staged = `${marker}.part`;
  writeFileSync(staged, '');
  renameSync(staged, marker);
  return folder;
};

/** A peer from npm with exact versions of some of what it needs. */
export const npmPeer = (
  name: string,
  dependencies: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, string>>,
): Promise<string> =>
  installed(name, (folder) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
    return runTool('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], {
      cwd: folder,
      timeoutMs: installMsMax,
    });
  });

/** A peer from PyPI in a virtual environment of its own. */
export const pythonPeer = (name: string, requirement: string): Promise<string> => {
  if (!onPath('python3')) throw new Problem('there is no python3');
  return installed(name, async (folder) => {
    const made = await runTool('python3', ['-m', 'venv', folder]);
    if (!made.ok) return made;
    return runTool(
      join(folder, 'bin', 'python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement],
      { timeoutMs: installMsMax },
    );
  });
};
