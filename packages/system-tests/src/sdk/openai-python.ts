import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from '../start-lethe.js';
import { ASKED_MODELS, LEFT_STREAM, PARALLEL, type SdkRun, type SdkTask } from './served.js';

const VERSION = '3.54.0';
const program = fileURLToPath(new URL('./openai_python.py', import.meta.url));

/** Our own environment: no proxy between the program and 127.0.0.1, and no key of the machine's. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME, NO_PROXY: '127.0.0.1' };

const installed = (python: string): boolean =>
  existsSync(python) &&
  spawnSync(python, ['-c', 'import openai; print(openai.__version__)'], {
    encoding: 'utf8',
  }).stdout.trim() === VERSION;

/** The Python of an environment with the pinned package, made on first use; undefined where there is no Python. */
export const pythonWithOpenai = (): string | undefined => {
  const folder = join(repositoryRoot, '.cache', `python-openai-${VERSION}`);
  const python = join(folder, 'bin', 'python');
  if (installed(python)) return python;
  const staging = `${folder}.${process.pid}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const made =
    spawnSync('python3', ['-m', 'venv', staging], { stdio: 'ignore' }).status === 0 &&
    spawnSync(join(staging, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `openai==${VERSION}`], {
      stdio: 'ignore',
      timeout: 240_000,
    }).status === 0;
  if (made) renameSync(staging, folder);
  else rmSync(staging, { recursive: true, force: true });
  return installed(python) ? python : undefined;
};

/** Runs the Python program. Throws with what it said when it fails. */
export const runPython = (python: string, task: SdkTask, phase: 'ask' | 'leave'): SdkRun => {
  const input = JSON.stringify({
    ...task,
    phase,
    models: ASKED_MODELS,
    leftStream: LEFT_STREAM,
    parallel: PARALLEL,
  });
  const { status, stdout, stderr } = spawnSync(python, [program], {
    input,
    encoding: 'utf8',
    env: environment,
    maxBuffer: 64 * 1024 * 1024,
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`the Python program failed:\n${stderr.slice(-4_000)}`);
  return JSON.parse(stdout) as SdkRun;
};
